-- What wrk sends and tells. With the argument `varied PAGES AGENTS` each request asks for the next page and, page by
-- page, for another browser, so that no two heads in a row are alike; without it wrk sends one request again and again.

local requests, at = {}, 0

local function varied(pages, agents)
  for agent = 1, agents do
    local name = "Mozilla/5.0 (X11; Linux x86_64; rv:" .. 100 + agent .. ".0) Gecko/20100101 Firefox/" .. 100 + agent .. ".0"
    for page = 0, pages - 1 do
      requests[#requests + 1] = wrk.format("GET", "/bench/p" .. page, { ["User-Agent"] = name })
    end
  end
end

function init(args)
  for i = 1, #args do
    if args[i] == "varied" then
      varied(tonumber(args[i + 1]), tonumber(args[i + 2]))
      -- Defined here only: wrk asks Lua for every request as soon as this name exists.
      request = function()
        at = at % #requests + 1
        return requests[at]
      end
    end
  end
end

function done(summary, latency, _)
  local failed = summary.errors
  io.write(string.format('{"requests":%d,"took_us":%d,"bytes":%d,"failed":%d,"p50_us":%d,"p99_us":%d}\n',
    summary.requests, summary.duration, summary.bytes,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout,
    latency:percentile(50), latency:percentile(99)))
end
