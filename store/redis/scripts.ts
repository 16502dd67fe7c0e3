/** What Redis does in one step: each script is atomic and tells the time by the server's own clock. */

const NOW = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
`;

/**
 * Gives the id of the epoch: the time since which this very server process has forgotten nothing.
 * KEYS: epoch. ARGV: an id for a new epoch, '1' where a missing epoch means that nothing was ever kept.
 * A missing epoch (flushed, or another server) or one of another server process (restarted, failed over: the newest
 * writes may be gone although older ones are there) is followed by a new one, which begins now.
 * Gives 'evicts' where the server may drop keys before their time.
 */
export const BEGIN = `
local info = redis.call('INFO', 'server') .. redis.call('INFO', 'memory')
local server = string.match(info, 'run_id:(%w+)')
local policy = string.match(info, 'maxmemory_policy:([%w-]+)')
if string.match(info, 'maxmemory:(%d+)') ~= '0' and policy ~= 'noeviction' then return 'evicts' end
local held = redis.call('HMGET', KEYS[1], 'id', 'server')
if held[1] and held[2] == server then return held[1] end
${NOW}
local since = now
if not held[1] and ARGV[2] == '1' then since = 0 end
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'server', server, 'since', since)
return ARGV[1]
`;

/**
 * KEYS: epoch, once-key. ARGV: the epoch's id as this process knows it, life_ms, longest life_ms.
 * Gives 'new', 'known', 'lost' for another epoch, or the milliseconds until everything that an earlier epoch
 * may have known has ended.
 */
export const ONCE = `
local held = redis.call('HMGET', KEYS[1], 'id', 'since')
if held[1] ~= ARGV[1] then return 'lost' end
${NOW}
local wait = held[2] + ARGV[3] - now
if wait > 0 then return wait end
if redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[2]) then return 'new' end
return 'known'
`;

/** KEYS: bucket. ARGV: perSecond, burst. Gives 0, or the milliseconds to wait. A bucket that is full again is dropped. */
export const TAKE = `
${NOW}
local perSecond, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local held = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = burst
if held[1] then tokens = math.min(burst, held[1] + math.max(now - held[2], 0) * perSecond / 1000) end
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = math.ceil((1 - tokens) * 1000 / perSecond) end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(burst * 1000 / perSecond))
return wait
`;

/** KEYS: counter. ARGV: amount, life_ms. Gives the sum as text; its life is that of the first addition. */
export const ADD = `
local sum = redis.call('INCRBYFLOAT', KEYS[1], ARGV[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return sum
`;
