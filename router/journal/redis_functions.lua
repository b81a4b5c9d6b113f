#!lua name=fairline

-- What must happen in Redis in one piece; the layout of the keys is in redis_layout.py.
-- Each function does all it says or, where it answers with an error, nothing at all. The first word
-- of an error says which: FENCED (another life owns the store), TAKEN (somebody moved meanwhile),
-- BEHIND and AHEAD (the newest entry is older, or another, than the caller thinks), STALE (a batch
-- that came late and is not the last one).

local UNPACK_MAX = 4000
local LIVES_MAX = 64

local function is_fenced(owner, life)
  local found = redis.call('HMGET', owner, 'life', 'node')
  if found[1] == life then
    return nil
  end
  return redis.error_reply('FENCED by ' .. (found[2] or 'nobody'))
end

local function number_of(id)
  return tonumber(string.match(id, '%-(%d+)$'))
end

-- Remembers where a life began. One that left nothing behind goes: the next began at the same place.
local function note_life(lives, positions, life, last)
  local before = redis.call('XREVRANGE', lives, '+', '-', 'COUNT', 1)[1]
  local known = redis.call('HGETALL', positions)
  local told = #known > 0 and cjson.encode(known) or '[]'
  if before and before[2][2] == last then
    redis.call('XDEL', lives, before[1])
  end
  redis.call('XADD', lives, 'MAXLEN', LIVES_MAX, '0-*', 'at', last, 'life', life,
    'positions', told)
end

-- KEYS store owner positions lives; ARGV life node, then the life, beat and number seen ('' where
-- there was none), then format, partitions and a random id for a store that is new, then the id of
-- the store that was seen ('' where there was none). Answers the id of the newest entry.
local function claim(keys, args)
  local store, owner = keys[1], keys[2]
  local found = redis.call('HMGET', owner, 'life', 'beat', 'number')
  if found[1] ~= args[1] then
    for index = 1, 3 do
      if (found[index] or '') ~= args[2 + index] then
        return redis.error_reply('TAKEN by ' .. (redis.call('HGET', owner, 'node') or 'nobody'))
      end
    end
    if args[9] and (redis.call('HGET', store, 'store_id') or '') ~= args[9] then
      return redis.error_reply('TAKEN by another store')
    end
    local last = redis.call('HGET', store, 'last')
    if not last then
      redis.call('DEL', keys[4])
    end
    note_life(keys[4], keys[3], args[1], last or '0-0')
    if redis.call('EXISTS', store) == 0 then
      redis.call('HSET', store, 'format', args[6], 'partitions', args[7], 'store_id', args[8],
        'core_version', '0', 'sequence', '0', 'now_ms', '0', 'last', '0-0')
    end
    redis.call('DEL', owner)
    redis.call('HSET', owner, 'life', args[1], 'node', args[2], 'beat', '1', 'number', '0',
      'reply', '')
  end
  return redis.call('HGET', store, 'last')
end

-- KEYS store owner; ARGV life. Answers the id of the newest entry.
local function beat(keys, args)
  local fenced = is_fenced(keys[2], args[1])
  if fenced then
    return fenced
  end
  redis.call('HINCRBY', keys[2], 'beat', 1)
  return redis.call('HGET', keys[1], 'last')
end

-- KEYS store owner; ARGV life. Answers 1 where it was the owner.
local function release(keys, args)
  if is_fenced(keys[2], args[1]) then
    return 0
  end
  return redis.call('DEL', keys[2])
end

-- KEYS store owner positions, then a stream for each piece; ARGV life, number, id, the id of the
-- entry before, version of the core, then the commands of each piece, then tenant and position by
-- turns. Answers the id.
local function append(keys, args)
  local store, owner, positions = keys[1], keys[2], keys[3]
  local serving = redis.call('HMGET', owner, 'life', 'number', 'reply', 'node')
  if serving[1] ~= args[1] then
    return redis.error_reply('FENCED by ' .. (serving[4] or 'nobody'))
  end
  local number, known = tonumber(args[2]), tonumber(serving[2])
  if number <= known then
    if number == known then
      return serving[3]
    end
    return redis.error_reply('STALE number ' .. args[2] .. ', the last one is ' .. serving[2])
  end
  local id, link, version = args[3], args[4], args[5]
  local last = redis.call('HGET', store, 'last')
  if last ~= link then
    local word = 'AHEAD '
    if not last or number_of(last) < number_of(link) then
      word = 'BEHIND '
    end
    return redis.error_reply(word .. (last or '0-0'))
  end
  redis.call('HLEN', positions) -- a key of another kind is met before anything is written
  for index = 4, #keys do
    local done = redis.pcall('XADD', keys[index], id, 'b', args[index + 2], 'l', link, 'v', version)
    if type(done) == 'table' and done.err then
      for before = 4, index - 1 do
        redis.call('XDEL', keys[before], id)
      end
      return done
    end
  end
  for first = #keys + 3, #args, UNPACK_MAX do
    local rest = math.min(first + UNPACK_MAX - 1, #args)
    redis.call('HSET', positions, unpack(args, first, rest))
  end
  local now_ms, sequence = string.match(id, '^(%d+)%-(%d+)$')
  redis.call('HSET', store, 'core_version', version, 'sequence', sequence, 'now_ms', now_ms,
    'last', id)
  redis.call('HSET', owner, 'number', args[2], 'reply', id)
  return id
end

-- KEYS store owner beginning, then all streams; ARGV life, the place up to which nothing is needed,
-- the id at that place, and how much of each stream to trim at once (0: the rest, exactly). Answers
-- how many entries went.
local function trim(keys, args)
  local fenced = is_fenced(keys[2], args[1])
  if fenced then
    return fenced
  end
  redis.call('SET', keys[3], args[2])
  local gone = 0
  for index = 4, #keys do
    if args[4] == '0' then
      gone = gone + redis.call('XTRIM', keys[index], 'MINID', '=', args[3])
    else
      gone = gone + redis.call('XTRIM', keys[index], 'MINID', '~', args[3], 'LIMIT', args[4])
    end
  end
  return gone
end

-- KEYS owner, a sorted set, what one of its members names; ARGV life, that member. Answers 1 where the
-- set had it.
local function forget(keys, args)
  local fenced = is_fenced(keys[1], args[1])
  if fenced then
    return fenced
  end
  local gone = redis.call('ZREM', keys[2], args[2])
  redis.call('UNLINK', keys[3])
  return gone
end

-- KEYS owner snapshots diverged, the key of a snapshot, the one that it gets; ARGV life, the
-- snapshot's id and its number. Answers 1, or 0 where it is gone already.
local function set_aside(keys, args)
  local fenced = is_fenced(keys[1], args[1])
  if fenced then
    return fenced
  end
  local found = redis.call('EXISTS', keys[4])
  redis.call('ZREM', keys[2], args[2])
  if found == 1 then
    redis.call('ZADD', keys[3], args[3], args[2])
    redis.call('RENAME', keys[4], keys[5])
  end
  return found
end

-- A full Redis must not look like a dead owner, and must be able to get smaller.
redis.register_function{function_name = 'fairline_claim', callback = claim, flags = {'allow-oom'}}
redis.register_function{function_name = 'fairline_beat', callback = beat, flags = {'allow-oom'}}
redis.register_function{function_name = 'fairline_release', callback = release, flags = {'allow-oom'}}
redis.register_function{function_name = 'fairline_trim', callback = trim, flags = {'allow-oom'}}
redis.register_function{function_name = 'fairline_forget', callback = forget, flags = {'allow-oom'}}
redis.register_function{
  function_name = 'fairline_set_aside', callback = set_aside, flags = {'allow-oom'},
}
redis.register_function('fairline_append', append)
