-- The load that wrk puts on a desk. After `--` come a store's key, the number of its cases, the number of this run, and
-- the names of the calls, which are made in turn.

local PATH = "/api/v1/support-cases"
local NEW = [[{"subject": "Refund of order #52913 has not arrived", "severity": "high", "category": "orders_payments",
    "body": "It happens every time, in two browsers, and our customers have begun to call us about it. Nothing was changed."}]]
local REPLY = [[{"body": "Still the same here, I am afraid. The last attempt was at 10:42, by a customer in Leeds."}]]
local STRETCH = 15000 -- more than one run patches

local turns, cases, run, made = {}, 0, 0, 0

local function any_case()
  return PATH .. "/" .. math.random(cases)
end

-- most cases are closed, and each is patched once, so that most patches change something
local function next_case()
  return PATH .. "/" .. (run * STRETCH + made) % cases + 1
end

local calls = {
  ["get by number"] = function() return "GET", any_case() end,
  ["list of 10"] = function() return "GET", PATH .. "?limit=10" end,
  ["list of 100"] = function() return "GET", PATH .. "?limit=100" end,
  ["list by status"] = function() return "GET", PATH .. "?status=open" end,
  ["create"] = function() return "POST", PATH, nil, NEW end,
  ["reply"] = function() return "POST", any_case() .. "/messages", nil, REPLY end,
  ["patch"] = function() return "PATCH", next_case(), nil, [[{"status": "open"}]] end,
}

function init(arguments)
  wrk.headers["Authorization"] = "Bearer " .. arguments[1]
  wrk.headers["Content-Type"] = "application/json"
  cases, run = tonumber(arguments[2]), tonumber(arguments[3])
  turns = { unpack(arguments, 4) }
  math.randomseed(run)
end

function request()
  made = made + 1
  return wrk.format(calls[turns[made % #turns + 1]]())
end

function done(summary, latency)
  local failed = summary.errors
  io.write(string.format(
    '{"per_second": %.3f, "p99": %.6f, "errors": %d}\n',
    summary.requests / (summary.duration / 1e6),
    latency:percentile(99) / 1e6,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout
  ))
end
