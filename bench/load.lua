-- A script for wrk (https://github.com/wg/wrk/blob/master/SCRIPTING): sends the requests of a
-- file in turn, over and over, and prints what it measured as JSON.
--
-- A line of the file is: method, path, headers, body; parted by tabs, with headers like
-- `Name: value|Name: value`.

local requests = {}
local next_one = 0

function init(args)
   for line in io.lines(args[1]) do
      local method, path, listed, body = line:match("^(%S+)\t(%S+)\t([^\t]*)\t(.*)$")
      local headers = {}
      for name, value in listed:gmatch("([%w-]+): ([^|]*)") do
         headers[name] = value
      end
      if body == "" then
         body = nil
      end
      requests[#requests + 1] = wrk.format(method, path, headers, body)
   end
end

function request()
   next_one = next_one % #requests + 1
   return requests[next_one]
end

function done(summary, latency, _)
   local errors = summary.errors
   io.write(string.format(
      '{"requests": %d, "seconds": %f, "bytes": %d, "refused": %d, "broken": %d, ' ..
      '"p50_ms": %f, "p99_ms": %f, "max_ms": %f}\n',
      summary.requests, summary.duration / 1e6, summary.bytes, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
