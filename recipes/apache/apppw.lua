-- App passwords for Apache: asks apppw-tui's "apache" socket, one line of JSON for each request.
--
-- Put it at /etc/apache2/apppw.lua, with apppw.conf beside it, which says how it is used.
-- Needs lua-socket.

local SOCKET = "/run/apppw-tui/apache"
local SECONDS = 10  -- until an answer counts as none: "not now", never a yes
local MOST = 512    -- bytes of a name or a password
local LATER = "5"   -- seconds until somebody should try again

require "apache2"
require "socket"  -- so that writing to a closed connection is an error, not a signal
local unix = require "socket.unix"

-- RFC 8259, section 7.
local function quoted(text)
  local function escaped(character)
    return string.format("\\u%04x", character:byte())
  end
  return '"' .. text:gsub('[%c"\\]', escaped) .. '"'
end

-- RFC 7617, section 2; two headers have become one that does not fit.
local function credentials(r)
  local base64 = (r.headers_in["Authorization"] or ""):match("^[Bb][Aa][Ss][Ii][Cc] +([%w+/]+=?=?)$")
  if base64 then
    return r:base64_decode(base64):match("^([^:]*):(.*)$")
  end
end

-- The answering line; nil and why not.
local function ask(question)
  local connection = (type(unix) == "table" and unix.stream or unix)()
  connection:settimeout(SECONDS, "b")
  connection:settimeout(SECONDS, "t")
  local done, failure = connection:connect(SOCKET)
  if done then
    done, failure = connection:send(question)
  end
  local answer
  if done then
    answer, failure = connection:receive("*l")
  end
  connection:close()
  return answer, failure
end

local function refused(r)
  r.err_headers_out["WWW-Authenticate"] = 'Basic realm="App passwords", charset="UTF-8"'
  return 401
end

-- Apache calls this for LuaHookCheckUserID, and would answer 500 to an error in it.
function check(r)
  local user, password = credentials(r)
  if not user or #user > MOST or #password > MOST then
    return refused(r)
  end
  local line, failure = ask('{"user": ' .. quoted(user)
    .. ', "password": ' .. quoted(password)
    .. ', "service": ' .. quoted(r.subprocess_env["apppw_service"] or "http")
    .. ', "rip": ' .. quoted(r.useragent_ip) .. "}\n")
  local name = (line or ""):match('^{"answer": "yes", "user": "([a-z0-9_\'][a-z0-9._+\'&=~@-]*)"}$')
  if name then
    r.user = name  -- the account's own, which need not be how it was typed
    return apache2.OK
  end
  local answer = (line or ""):match('^{"answer": "([a-z ]+)"')
  -- An error is what apppw-tui cannot read: bytes that are no UTF-8.
  if answer == "no" or answer == "not mine" or answer == "error" then
    return refused(r)
  end
  if answer ~= "not now" then
    r:err("apppw-tui cannot be asked at " .. SOCKET .. ": " .. (failure or "strange answer"))
  end
  r.err_headers_out["Retry-After"] = LATER
  return 503
end
