-- Creates under keys of their own: wrk -s create.lua URL -- RUN BODY, where BODY has one %s for the key.
local run, body, count

function init(args)
  run, body, count = args[1], args[2], 0
end

function request()
  count = count + 1
  local headers = {["Authorization"] = "Bearer sk-apik_writer.local", ["Content-Type"] = "application/json"}
  return wrk.format("POST", nil, headers, string.format(body, run .. ":" .. count))
end

function done(summary, latency)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format("\nRESULT %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(99), failed))
end
