-- Sends one token of a file after the other, round and round: wrk … -- FILE COUNT FIRST
-- The requests are put together before the clock starts. A static request needs no script: see report.lua.
dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "report.lua")

local requests, next = {}, 0

function init(args)
  for token in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", nil, { ["authorization"] = "Bearer " .. token })
    if #requests == tonumber(args[2]) then break end
  end
  next = tonumber(args[3])
  assert(#requests == tonumber(args[2]), "the file holds too few tokens")
end

function request()
  next = next % #requests + 1
  return requests[next]
end
