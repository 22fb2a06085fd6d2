/// Where a command of Redis or memcached has its keys.
struct CommandRule {
    enum Keys {
        case none
        /// From an argument on (the first is 1), every `step`-th is a key.
        case positions(first: Int, step: Int)
        /// All but the last.
        case butLast
        /// As many as the argument at a place says, behind it.
        case counted(Int)
        /// Behind the word STREAMS, but for the ids.
        case streams
    }

    var keys: Keys
    /// How many keys there are at most.
    var keyCount = Int.max
    /// How many words behind the name belong to the command.
    var wordCount = 0
    /// Whether the first argument is a key, though others are counted.
    var firstIsKey = false

    /// The rule of the command with this name, in any case; nil if none has it.
    static func of(_ text: UnsafeRawBufferPointer, _ name: Range<Int>) -> CommandRule? {
        guard (2...24).contains(name.count) else { return nil }
        var hash = seed
        for byte in text[name] {
            guard
                StatementByte.isLetter(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
            else { return nil }
            hash = step(hash, byte)
        }
        return table[hash]
    }

    /// Whether this is the word STREAMS.
    static func isStreams(_ text: UnsafeRawBufferPointer, _ word: Range<Int>) -> Bool {
        text[word].lazy.map { $0 | 0x20 }.elementsEqual("streams".utf8)
    }

    // FNV-1a over lower-case letters, 64 bits. That no two names share a hash is tested.
    private static let seed: UInt64 = 0xCBF2_9CE4_8422_2325
    private static func step(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte | 0x20)) &* 0x0000_0100_0000_01B3 }

    /// How many names the table tells apart.
    static var nameCount: Int { table.count }

    private static let table: [UInt64: CommandRule] = {
        var table: [UInt64: CommandRule] = [:]
        for (rule, names) in rules {
            for name in names.split(separator: " ") { table[name.utf8.reduce(seed, step)] = rule }
        }
        return table
    }()

    /// The commands of Redis 7.0 as its COMMAND lists them, of memcached's text protocol, and of some modules.
    static let rules: [(CommandRule, String)] = [
        (
            CommandRule(keys: .positions(first: 1, step: 1), keyCount: 1),
            """
            append bitcount bitfield bitfield_ro bitpos decr decrby dump expire expireat expiretime geoadd geodist geohash geopos \
            georadius georadius_ro georadiusbymember georadiusbymember_ro geosearch getbit getdel getex getrange getset hdel hexists \
            hget hgetall hincrby hincrbyfloat hkeys hlen hmget hmset hrandfield hscan hset hsetnx hstrlen hvals incr incrby \
            incrbyfloat lindex linsert llen lpop lpos lpush lpushx lrange lrem lset ltrim move persist pexpire pexpireat pexpiretime \
            pfadd psetex pttl restore rpop rpush rpushx sadd scard set setbit setex setnx setrange sismember smembers smismember \
            sort sort_ro spop spublish publish srandmember srem sscan strlen substr ttl type xack xadd xautoclaim xclaim xdel xlen \
            xpending xrange xrevrange xsetid xtrim zadd zcard zcount zincrby zlexcount zmscore zpopmax zpopmin zrandmember zrange \
            zrangebylex zrangebyscore zrank zrem zremrangebylex zremrangebyrank zremrangebyscore zrevrange zrevrangebylex \
            zrevrangebyscore zrevrank zscan zscore add replace prepend cas delete gat json.set json.get json.del json.arrappend \
            json.numincrby json.type hexpire hpexpire httl hpersist hgetdel hgetex hsetex ts.add ts.range ts.get bf.add bf.exists \
            bf.reserve cf.add cf.exists topk.add
            """
        ),
        (
            CommandRule(keys: .positions(first: 1, step: 1)),
            """
            del exists get gets mget pfcount pfmerge sdiff sdiffstore sinter sinterstore subscribe ssubscribe psubscribe sunion \
            sunionstore unsubscribe sunsubscribe punsubscribe touch unlink watch
            """
        ),
        (CommandRule(keys: .positions(first: 1, step: 2)), "mset msetnx"),
        (
            CommandRule(keys: .positions(first: 1, step: 1), keyCount: 2),
            "blmove brpoplpush copy geosearchstore lcs lmove rename renamenx rpoplpush smove zrangestore"
        ),
        (CommandRule(keys: .butLast), "blpop brpop bzpopmax bzpopmin json.mget"),
        (CommandRule(keys: .positions(first: 2, step: 1), wordCount: 1), "bitop"),
        (CommandRule(keys: .positions(first: 2, step: 1), keyCount: 1, wordCount: 1), "memory object xgroup xinfo"),
        (CommandRule(keys: .counted(2)), "eval eval_ro evalsha evalsha_ro fcall fcall_ro blmpop bzmpop"),
        (CommandRule(keys: .counted(1)), "lmpop sintercard zdiff zinter zintercard zmpop zunion"),
        (CommandRule(keys: .counted(2), firstIsKey: true), "zdiffstore zinterstore zunionstore"),
        (CommandRule(keys: .streams), "xread xreadgroup"),
        (
            CommandRule(keys: .none, wordCount: 1),
            "acl client cluster command config debug function latency module pubsub script slowlog"
        ),
        (CommandRule(keys: .positions(first: 1, step: 1), keyCount: 1), "ft.search ft.aggregate ft.create ft.info"),
        (
            CommandRule(keys: .none),
            """
            asking auth bgrewriteaof bgsave dbsize discard echo exec failover flushall flushdb flush_all hello info keys lastsave \
            lolwut migrate monitor multi ping psync quit randomkey readonly readwrite replconf replicaof reset role save scan \
            select shutdown slaveof stats swapdb sync time unwatch version wait
            """
        ),
    ]
}
