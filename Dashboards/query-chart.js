// The chart of the query page: values under the pointer, a range by dragging, series that are hidden and shown. Without this script the
// chart is a drawing. Texts only ever become text nodes or attributes, never markup. It follows
// query-editor.js in one file.
(() => {
  const plot = document.getElementById("plot");
  if (!plot) return;

  /** How many values are listed at the pointer. */
  const LISTED = 12;

  const field = plot.querySelector(".field");
  const [from, to, step, firstLow, firstHigh] = ["from", "to", "step", "low", "high"].map((name) => Number(plot.dataset[name]));
  const lines = document.getElementById("lines");
  const ticks = [...plot.querySelectorAll(".values span")];
  const tickTexts = ticks.map((tick) => tick.textContent);
  let [low, high] = [firstLow, firstHigh];
  const keys = [...document.querySelectorAll("#keys .key")];
  const series = [...lines.querySelectorAll("path")].map((path, index) => ({
    path, key: keys[index], name: keys[index].textContent, isHidden: false,
    values: path.dataset.values.split(",").map((text) => (text === "" ? NaN : text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text))),
    texts: path.dataset.values.split(","),
  }));
  const cursor = element("div", { class: "cursor", hidden: "" });
  const selection = element("div", { class: "selection", hidden: "" });
  const card = element("div", { class: "card", role: "status", hidden: "" });
  field.append(cursor, selection);
  plot.append(card);
  const last = Math.round((to - from) / step);
  let index = null;
  let dragStart = null;

  function shareAt(event) {
    const box = field.getBoundingClientRect();
    return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
  }

  /** Shows the values at a step; `y` is where the pointer is, 0 at the top, to bring the nearest line forward. */
  function read(at, y) {
    index = Math.min(Math.max(at, 0), last);
    const share = (index * step) / (to - from);
    const found = series.filter((one) => !one.isHidden && one.texts[index]);
    const height = (one) => 1 - (one.values[index] - low) / (high - low);
    if (y !== undefined) found.sort((a, b) => Math.abs(height(a) - y) - Math.abs(height(b) - y));
    const rows = found.slice(0, LISTED).map((one) => element("li", {},
      element("i", { class: one.key.firstElementChild.className }), element("b", {}, one.texts[index]), " ", element("bdi", {}, one.name)));
    const rest = found.length - rows.length;
    card.replaceChildren(
      element("time", {}, new Date(from + index * step).toISOString().replace("T", " ").replace(/\.000Z$|Z$/, "")),
      element("ul", {}, ...rows), ...(rest > 0 ? [`and ${rest} more`] : found.length ? [] : ["no values"]));
    cursor.style.left = `${share * 100}%`;
    card.style.left = share > 0.5 ? "" : `calc(var(--axis) + ${share * 100}% - ${share} * var(--axis) + 12px)`;
    card.style.right = share > 0.5 ? `calc(${(1 - share) * 100}% - ${1 - share} * var(--axis) + 12px)` : "";
    cursor.hidden = card.hidden = false;
  }

  function leave() {
    cursor.hidden = card.hidden = selection.hidden = true;
    dragStart = null;
  }

  /** Goes to the page of another range. */
  function zoom(start, end) {
    const parameters = new URLSearchParams(location.search);
    const seconds = Math.max(1, Math.round((end - start) / 1000));
    parameters.delete("from");
    parameters.set("last", `${seconds}s`);
    parameters.set("to", new Date(Math.ceil(end / 1000) * 1000).toISOString().replace(".000Z", "Z"));
    location.search = parameters;
  }

  field.addEventListener("pointermove", (event) => {
    const box = field.getBoundingClientRect();
    read(Math.round((shareAt(event) * (to - from)) / step), (event.clientY - box.top) / box.height);
    if (dragStart === null) return;
    const [left, right] = [dragStart, shareAt(event)].sort((a, b) => a - b);
    selection.style.left = `${left * 100}%`;
    selection.style.width = `${(right - left) * 100}%`;
    selection.hidden = false;
  });
  field.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    dragStart = shareAt(event);
    field.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  field.addEventListener("pointerup", (event) => {
    const [left, right] = [dragStart ?? 0, shareAt(event)].sort((a, b) => a - b);
    const isDrag = dragStart !== null && right - left > 0.01;
    leave();
    if (isDrag) zoom(from + left * (to - from), from + right * (to - from));
  });
  field.addEventListener("pointerleave", leave);
  plot.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };
    if (event.key === "Escape") leave();
    else if (moves[event.key]) read((index ?? 0) + moves[event.key]);
    else return;
    event.preventDefault();
  });
  plot.addEventListener("blur", leave);

  function update() {
    for (const one of series) {
      one.path.classList.toggle("off", one.isHidden);
      one.key.setAttribute("aria-pressed", String(!one.isHidden));
    }
    scale();
  }

  /** The least of 1, 2 and 5 times a power of ten that is not below a length. */
  function roundStep(length) {
    const power = 10 ** Math.floor(Math.log10(length));
    return [1, 2, 5, 10].map((factor) => factor * power).find((round) => round >= length * (1 - 1e-9));
  }

  /** Stretches the lines that are shown over the height. The grid stays, its labels change. */
  function scale() {
    const shown = series.filter((one) => !one.isHidden).flatMap((one) => one.values.filter(Number.isFinite));
    const [least, most] = shown.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity]);
    const intervals = ticks.length - 1;
    [low, high] = [firstLow, firstHigh];
    let unit = 0;
    if (series.some((one) => one.isHidden) && most > least) {
      unit = roundStep((most - least) / intervals);
      // Rounded down, the range may end too early.
      while (Math.floor(least / unit) * unit + intervals * unit < most) unit = roundStep(unit * 1.01);
      low = Math.floor(least / unit) * unit;
      high = low + intervals * unit;
    }
    const factor = (firstHigh - firstLow) / (high - low);
    const shift = 1000 - 1000 * factor - ((firstLow - low) / (high - low)) * 1000;
    lines.setAttribute("transform", `matrix(1 0 0 ${factor} 0 ${shift})`);
    ticks.forEach((tick, index) => { tick.textContent = unit ? String(Number((low + index * unit).toPrecision(6))) : tickTexts[index]; });
  }

  /** Hides or shows a series; with `isAlone` shows only it, and all again when it was alone. */
  function toggle(chosen, isAlone) {
    if (!isAlone) chosen.isHidden = !chosen.isHidden;
    else {
      const wasAlone = series.every((one) => one.isHidden === (one !== chosen));
      for (const one of series) one.isHidden = !wasAlone && one !== chosen;
    }
    update();
  }

  for (const one of series) {
    for (const [name, value] of Object.entries({ role: "button", tabindex: "0", title: "Click hides or shows it, with Ctrl only it" })) one.key.setAttribute(name, value);
    one.key.addEventListener("click", (event) => toggle(one, event.ctrlKey || event.metaKey));
    one.key.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      toggle(one, event.ctrlKey);
      event.preventDefault();
    });
    one.key.addEventListener("pointerenter", () => one.path.classList.add("strong"));
    one.key.addEventListener("pointerleave", () => one.path.classList.remove("strong"));
  }
  update();
})();
