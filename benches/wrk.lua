-- Sends POST requests with bodies from a file, one per line, in turn:
--
--     wrk -c 16 -d 5 -s benches/wrk.lua http://127.0.0.1:8080/graphql -- bodies.txt [gzip]
--
-- Prints one line: requests per second; the median, 95 %, 99 % and largest latency in milliseconds; the number of
-- failed requests. benches/wrk.py writes the file and runs it.

local requests, next_one = {}, 0

function init(args)
  local headers = { ["Content-Type"] = "application/json" }
  if args[2] then headers["Accept-Encoding"] = args[2] end
  for body in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("POST", wrk.path, headers, body)
  end
end

function request()
  next_one = next_one % #requests + 1
  return requests[next_one]
end

function done(summary, latency)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  local ms = function(share) return latency:percentile(share) / 1000 end
  print(string.format("RESULT %.0f %.3f %.3f %.3f %.3f %d",
    summary.requests / summary.duration * 1e6, ms(50), ms(95), ms(99), latency.max / 1000, failed))
end
