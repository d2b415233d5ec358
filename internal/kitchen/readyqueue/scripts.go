package readyqueue

import "github.com/redis/go-redis/v9"

// The header is a hash: installation, generation, beat (when any node looked last), and TENANT:OUTLET → FENCE:TIME for each
// kitchen that was ever drawn. Times are Redis' own, in seconds.

// beginScript answers the generation of what Redis holds. When it holds nothing, or what another installation left
// that has not been heard of for half a minute, a new generation begins with nothing. While the other one is alive
// the answer is "". Once a minute it takes queues away that were not drawn for five: their kitchens are closed.
var beginScript = redis.NewScript(`
local header, all = KEYS[1], KEYS[2]
local now = tonumber(redis.call('TIME')[1])
local was = redis.call('HMGET', header, 'installation', 'generation', 'beat', 'swept')

local function clear(kitchen)
  local key = all .. ':' .. kitchen
  local tasks = redis.call('ZRANGE', key, 0, -1)
  for i = 1, #tasks, 1000 do
    redis.call('ZREM', all, unpack(tasks, i, math.min(i + 999, #tasks)))
  end
  redis.call('DEL', key)
end

if was[1] == ARGV[1] and was[2] then
  redis.call('HSET', header, 'beat', now)
  if now - tonumber(was[4] or '0') >= 60 then
    redis.call('HSET', header, 'swept', now)
    local fields = redis.call('HGETALL', header)
    for i = 1, #fields, 2 do
      local drawn = string.match(fields[i + 1], '^%d+:(%d+)$')
      if drawn and string.find(fields[i], ':') and now - tonumber(drawn) > 300 then clear(fields[i]) end
    end
  end
  return was[2]
end
if was[1] and was[1] ~= ARGV[1] and now - tonumber(was[3] or '0') < 30 then return '' end
for _, name in ipairs(redis.call('HKEYS', header)) do
  if string.find(name, ':') then redis.call('DEL', all .. ':' .. name) end
end
redis.call('DEL', header, all)
redis.call('HSET', header, 'installation', ARGV[1], 'generation', ARGV[2], 'beat', now, 'swept', now)
return ARGV[2]
`)

// drawScript writes a part of one kitchen's queue. Its arguments: installation, generation, kitchen, fence, mode, how many
// tasks the queue has in the end (-1: more is to come), how many go, those; then score and task of each that comes.
// It answers drawn; lost when Redis holds another generation; taken when another node has drawn under a higher
// fence; differs when the kitchen was not as it was thought to be, and has to be drawn anew.
var drawScript = redis.NewScript(`
local header, queue, all = KEYS[1], KEYS[2], KEYS[3]
local was = redis.call('HMGET', header, 'installation', 'generation', ARGV[3])
if was[1] ~= ARGV[1] or was[2] ~= ARGV[2] then return 'lost' end
local fence, held = tonumber(ARGV[4]), 0
if was[3] then held = tonumber(string.match(was[3], '^%d+')) end
if held > fence then return 'taken' end
if ARGV[5] == 'anew' then
  local tasks = redis.call('ZRANGE', queue, 0, -1)
  for i = 1, #tasks, 1000 do
    redis.call('ZREM', all, unpack(tasks, i, math.min(i + 999, #tasks)))
  end
  redis.call('DEL', queue)
elseif held < fence then
  return 'differs'
end
local first = 8 + tonumber(ARGV[7])
if first > 8 then
  redis.call('ZREM', queue, unpack(ARGV, 8, first - 1))
  redis.call('ZREM', all, unpack(ARGV, 8, first - 1))
end
if #ARGV >= first then
  redis.call('ZADD', queue, unpack(ARGV, first))
  redis.call('ZADD', all, unpack(ARGV, first))
end
redis.call('HSET', header, ARGV[3], ARGV[4] .. ':' .. redis.call('TIME')[1])
local count = tonumber(ARGV[6])
if count >= 0 and redis.call('ZCARD', queue) ~= count then return 'differs' end
return 'drawn'
`)
