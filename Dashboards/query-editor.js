// The editor of the query page: completion and a history. Without this script the page works as well. Texts from the server only ever become text nodes or attributes, never markup.
"use strict";

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

(() => {
  const form = document.getElementById("query");
  const editor = document.getElementById("expr");
  if (!form || !editor) return;

  const LIMITS = {
    suggestions: 50, labels: 1000, answers: 100, matchers: 5, history: 50, historyText: 10000, waitMilliseconds: 150, page: 12,
  };
  const WORDS = JSON.parse(form.dataset.words).map(([text, kind, detail]) => ({ text, kind, detail }));
  const IS_WORD = new Set(WORDS.map((word) => word.text));
  const GROUPING = new Set(["by", "without", "on", "ignoring", "group_left", "group_right"]);
  const DURATIONS = ["1m", "5m", "15m", "30m", "1h", "6h", "1d", "1w"];

  // ---- Reading PromQL up to the cursor ----

  const TOKEN = new RegExp(
    [
      "(?<blank>\\s+|#[^\\n]*)",
      "(?<string>\"(?:[^\"\\\\]|\\\\.)*\"?|'(?:[^'\\\\]|\\\\.)*'?|`[^`]*`?)",
      "(?<number>\\d[\\w.]*)",
      "(?<name>[A-Za-z_:][\\w:]*)",
      "(?<sign>=~|!~|!=|==|<=|>=|[^])",
    ].join("|"), "gsu");

  /** The words before the cursor, without blanks and comments. */
  function tokensOf(text) {
    const tokens = [];
    for (const match of text.matchAll(TOKEN)) {
      const kind = ["string", "number", "name", "sign", "blank"].find((name) => match.groups[name] !== undefined);
      if (kind !== "blank") tokens.push({ kind, text: match[0], start: match.index, end: match.index + match[0].length });
      else if (match[0].startsWith("#") && match.index + match[0].length === text.length) return null;
    }
    return tokens;
  }

  function isClosed(string) {
    const isRaw = string[0] === "`";
    return string.length > 1 && string.endsWith(string[0]) && (isRaw || !/(?:^|[^\\])(?:\\\\)*\\.$/su.test(string));
  }

  /** What a quoted text says. */
  function unquoted(string) {
    const inner = string.slice(1, isClosed(string) ? -1 : undefined);
    return string[0] === "`" ? inner : inner.replace(/\\(.)/gsu, (_, sign) => ({ n: "\n", t: "\t" })[sign] ?? sign);
  }

  /** The text as PromQL quotes it. */
  function quoted(text) {
    return '"' + text.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n") + '"';
  }

  /** The brackets that are open after the words: what kind each is, and what stands in it since the last comma. */
  function openBrackets(tokens) {
    const stack = [{ kind: "expression", items: [], matchers: [] }];
    for (const token of tokens) {
      const top = stack[stack.length - 1];
      const before = top.items[top.items.length - 1];
      if (token.text === "{") stack.push({ kind: "selector", metric: before?.kind === "name" ? before.text : "", items: [], matchers: [] });
      else if (token.text === "[") stack.push({ kind: "range", items: [], matchers: [] });
      else if (token.text === "(") stack.push({ kind: GROUPING.has(before?.text) ? "labels" : "expression", items: [], matchers: [] });
      else if (["}", "]", ")"].includes(token.text)) {
        if (stack.length > 1) stack.pop();
        stack[stack.length - 1].items.push({ kind: "operand", text: token.text });
      } else if (token.text === ",") {
        keepMatcher(top);
        top.items = [];
      } else top.items.push(token);
    }
    return stack;
  }

  /** Remembers a finished `name="value"`, which narrows what is offered next. */
  function keepMatcher(top) {
    if (top.items.length === 3 && top.items[2].kind === "string") top.matchers.push(top.items.map((item) => item.text).join(""));
    else if (top.items.length === 1 && top.items[0].kind === "string") top.metric = unquoted(top.items[0].text);
  }

  /** The series that a selector names as far as it is written. */
  function selectorOf(top) {
    const name = top.metric ? [`__name__=${quoted(top.metric)}`] : [];
    const all = name.concat(top.matchers);
    return all.length ? [`{${all.join(",")}}`] : [];
  }

  /** Selectors of the metrics that an expression names, whatever it does with them. */
  function metricSelectors(text) {
    const tokens = tokensOf(text) ?? [];
    const names = new Set();
    let isInside = 0;
    tokens.forEach((token, index) => {
      if (token.text === "{" || token.text === "[") isInside += 1;
      if (token.text === "}" || token.text === "]") isInside -= 1;
      if (isInside || token.kind !== "name" || IS_WORD.has(token.text.toLowerCase()) || tokens[index + 1]?.text === "(") return;
      // Names in by (…) are labels: they stand behind a bracket that a grouping word opens.
      const stack = openBrackets(tokens.slice(0, index));
      if (stack[stack.length - 1].kind !== "labels") names.add(token.text);
    });
    return [...names].slice(0, LIMITS.matchers).map((name) => `{__name__=${quoted(name)}}`);
  }

  /**
   * What may stand at the cursor: its kind (`metric`, `label`, `value`, `duration`), the text that is there already, the range of the
   * expression that a suggestion replaces, and the series that it is about. Null where nothing can be offered.
   */
  function placeAt(text, cursor) {
    const tokens = tokensOf(text.slice(0, cursor));
    if (!tokens) return null;
    const last = tokens[tokens.length - 1];
    const isInWord = last && last.end === cursor && (last.kind === "name" || last.kind === "number" || (last.kind === "string" && !isClosed(last.text)));
    const current = isInWord ? tokens.pop() : undefined;
    const stack = openBrackets(tokens);
    const top = stack[stack.length - 1];
    const behind = text.slice(cursor).match(/^[\w:]*/)[0].length;
    const place = { prefix: current?.text ?? "", start: current?.start ?? cursor, end: cursor + behind, selectors: [] };
    if (current?.kind === "string") {
      place.prefix = unquoted(current.text);
      const rest = text.slice(cursor).match(current.text[0] === '"' ? /^(?:[^"\\\n]|\\.)*"/ : current.text[0] === "'" ? /^(?:[^'\\\n]|\\.)*'/ : /^[^`\n]*`/);
      // Up to the closing quote, unless the next one opens another text.
      place.end = rest && !/[,={}]/.test(rest[0]) ? cursor + rest[0].length : cursor;
    }
    if (top.kind === "range") return { ...place, kind: "duration" };
    if (top.kind === "labels") return current?.kind === "string" ? null : { ...place, kind: "label", selectors: metricSelectors(text) };
    if (top.kind === "selector") return placeInSelector(place, top, current);
    if (current && current.kind !== "name") return null;
    const before = top.items[top.items.length - 1];
    return { ...place, kind: "metric", isBehindOperand: before !== undefined && before.kind !== "sign" && !IS_WORD.has(before.text) };
  }

  function placeInSelector(place, top, current) {
    const [name, sign] = top.items;
    if (top.items.length === 0) {
      if (current?.kind === "string" && !top.metric) return { ...place, kind: "metric", isQuoted: true };
      return { ...place, kind: "label", selectors: selectorOf(top), isMatcher: true };
    }
    if (top.items.length !== 2 || !["=", "!=", "=~", "!~"].includes(sign.text)) return null;
    const label = name.kind === "string" ? unquoted(name.text) : name.text;
    return { ...place, kind: "value", label, isPattern: sign.text.endsWith("~"), selectors: selectorOf(top) };
  }

  // ---- Asking the server ----

  const answers = new Map();

  /** A list or object of the API; null when there is none. The last answers are kept. */
  async function ask(path, parameters, signal) {
    const address = path + "?" + new URLSearchParams(parameters);
    if (answers.has(address)) return answers.get(address);
    try {
      const response = await fetch(address, { signal });
      const body = response.ok ? await response.json() : null;
      const data = body?.data ?? null;
      answers.set(address, data);
      if (answers.size > LIMITS.answers) answers.delete(answers.keys().next().value);
      return data;
    } catch {
      return null;
    }
  }

  function listParameters(selectors, limit) {
    return [["limit", String(limit)], ["start", form.dataset.start], ["end", form.dataset.end]]
      .concat(selectors.map((selector) => ["match[]", selector]));
  }

  function escapedPattern(text) { return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"); }

  /** Names or values of a label: first those that begin with the prefix, then those that contain it. */
  async function labelValues(label, prefix, selectors, signal) {
    const path = `/api/v1/label/${encodeURIComponent(label)}/values`;
    const pattern = escapedPattern(prefix);
    const searches = prefix ? [`${pattern}.*`, `(?i:.+${pattern}.*)`] : [""];
    const lists = await Promise.all(searches.map((search) => {
      const narrowed = !search ? selectors
        : (selectors.length ? selectors : ["{}"]).map((selector) => withMatcher(selector, `${labelName(label)}=~${quoted(search)}`));
      return ask(path, listParameters(narrowed, LIMITS.suggestions), signal);
    }));
    return [...new Set(lists.flatMap((list) => list ?? []))];
  }

  function withMatcher(selector, matcher) { return selector === "{}" ? `{${matcher}}` : selector.slice(0, -1) + "," + matcher + "}"; }
  function isPlain(name) { return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name); }
  function labelName(name) { return isPlain(name) ? name : quoted(name); }

  /** Orders by where the prefix stands, and drops what does not contain it. */
  function ranked(items, prefix) {
    const wanted = prefix.toLowerCase();
    const place = ({ text }) => text === prefix ? 0 : text.startsWith(prefix) ? 1 : text.toLowerCase().startsWith(wanted) ? 2 : 3;
    return items.filter((item) => item.text.toLowerCase().includes(wanted))
      .map((item) => ({ item, rank: place(item) })).sort((a, b) => a.rank - b.rank).map(({ item }) => item)
      .slice(0, LIMITS.suggestions);
  }

  /** What is offered at a place. */
  async function suggestionsFor(place, signal) {
    const named = (kind) => (text) => ({ text, kind, detail: "" });
    if (place.kind === "duration") return ranked(DURATIONS.map(named("duration")), place.prefix);
    if (place.kind === "label") {
      const names = (await ask("/api/v1/labels", listParameters(place.selectors, LIMITS.labels), signal)) ?? [];
      return ranked(names.filter((name) => name !== "__name__").map(named("label")), place.prefix);
    }
    if (place.kind === "value") return ranked((await labelValues(place.label, place.prefix, place.selectors, signal)).map(named("value")), place.prefix);
    if (place.isBehindOperand) return ranked(WORDS.filter((word) => word.kind === "keyword"), place.prefix);
    const metrics = (await labelValues("__name__", place.prefix, [], signal)).map(named("metric"));
    return ranked(place.isQuoted ? metrics : WORDS.filter((word) => place.prefix).concat(metrics), place.prefix);
  }

  /** The text that takes the place's range, and where the cursor stands in it afterwards. */
  function insertion(place, item) {
    if (item.kind === "function") return item.text + (item.detail.startsWith(item.text + "()") ? "()" : "(");
    if (item.kind === "label") return labelName(item.text) + (place.isMatcher ? "=" : "");
    if (item.kind === "value") return quoted(place.isPattern ? escapedPattern(item.text) : item.text);
    if (item.kind === "metric" && place.isQuoted) return quoted(item.text);
    if (item.kind === "metric" && !/^[A-Za-z_:][A-Za-z0-9_:]*$/.test(item.text)) return `{${quoted(item.text)}}`;
    return item.text;
  }

  // ---- The list of suggestions ----

  const list = element("ul", { id: "suggestions", role: "listbox", "aria-label": "Suggestions" });
  const detail = element("p", { id: "detail", "aria-live": "polite", hidden: "" });
  const completion = element("div", { id: "completion", hidden: "" }, list, detail);
  editor.after(completion);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-haspopup": "listbox", "aria-controls": "suggestions", "aria-expanded": "false",
  })) editor.setAttribute(name, value);

  let offered = { place: null, items: [], selected: 0 };
  let timer = 0;
  let running = new AbortController();

  function close() {
    clearTimeout(timer);
    running.abort();
    offered = { place: null, items: [], selected: 0 };
    completion.hidden = detail.hidden = true;
    editor.setAttribute("aria-expanded", "false");
    editor.removeAttribute("aria-activedescendant");
  }

  /** Offers what fits at the cursor, after a pause in typing. `isWanted`: even where nothing has been typed yet. */
  function offer(isWanted) {
    clearTimeout(timer);
    running.abort();
    const place = placeAt(editor.value, editor.selectionStart);
    if (!place || (place.kind === "metric" && !place.prefix && !isWanted)) return close();
    const own = running = new AbortController();
    timer = setTimeout(async () => {
      const items = await suggestionsFor(place, own.signal);
      if (own.signal.aborted) return;
      const isComplete = items.length === 1 && items[0].text === place.prefix && !isWanted;
      if (items.length === 0 || isComplete) return close();
      offered = { place, items, selected: 0 };
      show();
    }, isWanted ? 0 : LIMITS.waitMilliseconds);
  }

  function show() {
    list.replaceChildren(...offered.items.map((item, index) => element(
      "li", { id: `suggestion-${index}`, role: "option", "aria-selected": "false", "data-index": index },
      element("bdi", {}, item.text.slice(0, 300)), element("small", {}, item.kind))));
    completion.hidden = false;
    editor.setAttribute("aria-expanded", "true");
    select(0);
  }

  function select(index) {
    const count = offered.items.length;
    list.children[offered.selected]?.setAttribute("aria-selected", "false");
    offered.selected = ((index % count) + count) % count;
    const chosen = list.children[offered.selected];
    chosen.setAttribute("aria-selected", "true");
    chosen.scrollIntoView({ block: "nearest" });
    editor.setAttribute("aria-activedescendant", chosen.id);
    describe(offered.items[offered.selected]);
  }

  /** Signature of a function, or type and help of a metric. */
  async function describe(item) {
    detail.textContent = item.detail;
    detail.hidden = !item.detail;
    if (item.kind !== "metric") return;
    const data = await ask("/api/v1/metadata", [["metric", item.text], ["limit", "1"]], running.signal);
    const entry = data?.[item.text]?.[0];
    if (offered.items[offered.selected] !== item || !entry) return;
    detail.textContent = `${entry.type}: ${entry.help}`.slice(0, 500);
    detail.hidden = false;
  }

  /** Whether what is chosen stands there already, so that Enter means the query. */
  function isWritten() { return insertion(offered.place, offered.items[offered.selected]) === offered.place.prefix; }

  /** What was offered for less text, as far as it fits to what stands there now, until the server has answered again. */
  function narrow() {
    const place = placeAt(editor.value, editor.selectionStart);
    const isSame = place && offered.place && place.kind === offered.place.kind && place.start === offered.place.start;
    const items = isSame ? ranked(offered.items, place.prefix) : [];
    if (!items.length) return close();
    offered = { place, items, selected: 0 };
    show();
  }

  function accept() {
    const { place, items, selected } = offered;
    const text = insertion(place, items[selected]);
    close();
    editor.setRangeText(text, place.start, place.end, "end");
    // A function wants its argument, a label its value.
    if (text.endsWith("(") || text.endsWith("=")) offer(true);
  }

  editor.addEventListener("input", () => {
    narrow();
    offer(false);
  });
  editor.addEventListener("blur", close);
  editor.addEventListener("click", close);
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const item = event.target.closest("[role=option]");
    if (!item) return;
    offered.selected = Number(item.dataset.index);
    accept();
  });

  editor.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const isOpen = !completion.hidden;
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: LIMITS.page, PageUp: -LIMITS.page };
    if (event.key === " " && event.ctrlKey) offer(true);
    else if (isOpen && moves[event.key]) select(offered.selected + moves[event.key]);
    else if (isOpen && event.key === "Enter" && isWritten()) form.requestSubmit();
    else if (isOpen && (event.key === "Enter" || event.key === "Tab") && !event.shiftKey) accept();
    else if (isOpen && event.key === "Escape") close();
    else if (event.key === "Enter" && !event.shiftKey) form.requestSubmit();
    else {
      if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) close();
      return;
    }
    event.preventDefault();
  });

  // Fields that say nothing do not belong into an address that is passed on.
  form.addEventListener("submit", () => { for (const field of form.elements) field.disabled = field.name && !field.value; });
  window.addEventListener("pageshow", () => { for (const field of form.elements) field.disabled = false; });

  const mistake = document.getElementById("mistake");
  if (mistake || !editor.value) editor.focus();
  if (mistake) editor.setSelectionRange(Number(mistake.dataset.offset), Number(mistake.dataset.offset));

  // ---- History ----

  const HISTORY = "headrope.queries";

  function readHistory() {
    try {
      const kept = JSON.parse(localStorage.getItem(HISTORY) ?? "[]");
      return Array.isArray(kept) ? kept.filter((text) => typeof text === "string").slice(0, LIMITS.history) : [];
    } catch {
      return [];
    }
  }

  function writeHistory(queries) {
    // A browser may refuse to keep anything; then there is no history.
    try { localStorage.setItem(HISTORY, JSON.stringify(queries.slice(0, LIMITS.history))); } catch { return; }
  }

  function showHistory() {
    const asked = editor.value.trim();
    const isGood = asked && asked.length <= LIMITS.historyText && !document.querySelector(".problem");
    const queries = isGood ? [asked, ...readHistory().filter((text) => text !== asked)] : readHistory();
    writeHistory(queries);
    if (!queries.length) return;
    const links = queries.slice(0, LIMITS.history).map((text) => {
      const parameters = new URLSearchParams(location.search);
      parameters.set("expr", text);
      return element("li", {}, element("a", { class: "code", href: "/query?" + parameters }, element("bdi", {}, text)));
    });
    const forget = element("button", { type: "button" }, "Forget them");
    const history = element("details", { id: "history" }, element("summary", {}, `History (${links.length})`), element("ul", {}, ...links), forget);
    forget.addEventListener("click", () => {
      writeHistory([]);
      history.remove();
    });
    form.after(history);
  }

  showHistory();
})();
