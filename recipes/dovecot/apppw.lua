-- App passwords for Dovecot: asks apppw-tui's "json" socket, one line for each sign-in.
--
-- Put it at /etc/dovecot/apppw.lua. 05-apppw-lua.conf says how it is used; for Dovecot 2.4, so does
-- 24-apppw-lua.conf. Needs lua-socket, and Lua 5.3 or newer.
--
-- While apppw-tui is silent (stopped, hung, or not answering in what is its language), app passwords
-- and enforced accounts have to wait, "not now"; the old passwords of all others go on to the next
-- passdb, so that mail does not depend on apppw-tui. Who is enforced stands in a folder of the store.
-- Whoever runs auth-worker (root, unless you say otherwise) needs the group of the socket by
-- `extra_groups`, and must be able to read that folder: who cannot lets everybody wait.

local SOCKET = "/run/apppw-tui/json"
local ENFORCED = "/var/lib/apppw-tui/enforced"  -- a file for each account that has to wait
-- Where default_domain stands. If it cannot be read, names without a domain have to wait.
local CONFIGURATION = "/etc/apppw-tui/config.toml"
local SECONDS = 5  -- until an answer counts as none
local PAUSE = 5    -- seconds after such a silence in which nobody else waits for one
local MOST = 512   -- bytes of a name or a password

require "socket"  -- so that writing to a closed connection is an error, not a signal
local unix = require "socket.unix"

local kept          -- the connection, between two sign-ins of this auth-worker
local silent_since  -- os.time() of the last question that nobody answered in time

-- RFC 3629, section 4. Each good sequence becomes a space, so that what is left cannot join.
local function is_utf8(text)
  for _, sequence in ipairs({
    "[\194-\223][\128-\191]",
    "\224[\160-\191][\128-\191]",
    "[\225-\236\238\239][\128-\191][\128-\191]",
    "\237[\128-\159][\128-\191]",
    "\240[\144-\191][\128-\191][\128-\191]",
    "[\241-\243][\128-\191][\128-\191][\128-\191]",
    "\244[\128-\143][\128-\191][\128-\191]",
  }) do
    text = text:gsub(sequence, " ")
  end
  return not text:find("[\128-\255]")
end

local function fits(text)
  return #text <= MOST and is_utf8(text)
end

-- RFC 8259, section 7.
local function quoted(text)
  local function escaped(character)
    return string.format("\\u%04x", character:byte())
  end
  return '"' .. text:gsub('[%c"\\]', escaped) .. '"'
end

local function connected(seconds)
  local connection = (type(unix) == "table" and unix.stream or unix)()
  connection:settimeout(seconds, "b")
  connection:settimeout(seconds, "t")
  local done, failure = connection:connect(SOCKET)
  if done then
    return connection
  end
  connection:close()
  return nil, failure
end

local function exchange(connection, question)
  local sent, failure = connection:send(question)
  local answer
  if sent then
    answer, failure = connection:receive("*l")
  end
  if answer then
    return answer
  end
  connection:close()
  return nil, failure
end

-- A hung daemon would otherwise hold up one sign-in after another, until no auth-worker is free.
local function is_pausing(pause)
  local passed = os.time() - (silent_since or 0)
  return silent_since and passed >= 0 and passed < pause
end

-- The answering line; nil and why not. A connection without its answer is never used again: what
-- came late would be taken for the answer to somebody else's question.
local function ask(question, seconds, pause)
  if is_pausing(pause) then
    return nil, "it was silent a moment ago"
  end
  silent_since = nil
  local connection, answer, failure = kept, nil, nil
  kept = nil
  if connection then
    answer, failure = exchange(connection, question)
  end
  if not answer and failure ~= "timeout" then
    -- There was none, or apppw-tui was restarted, or closed it.
    connection, failure = connected(seconds)
    if connection then
      answer, failure = exchange(connection, question)
    end
  end
  if answer then
    kept = connection
  elseif failure == "timeout" then
    silent_since = os.time()
  end
  return answer, failure
end

local function forget_connection()
  if kept then
    kept:close()
    kept = nil
  end
end

local function read(line)
  local answer, user =
    line:match('^{"answer": "([a-z ]+)", "user": "([a-z0-9_\'][a-z0-9._+\'&=~@-]*)"}$')
  if answer then
    return answer, user
  end
  return line:match('^{"answer": "([a-z ]+)"}$')
end

-- What may be dropped from an app password, beside ASCII's own: blanks, dashes, what is invisible
-- (Unicode's Zs, Pd, Cf, Cc). First and last of each range.
local DROPPED = {
  0x80, 0xa0, 0xad, 0xad, 0x58a, 0x58a, 0x5be, 0x5be, 0x600, 0x605, 0x61c, 0x61c, 0x6dd, 0x6dd,
  0x70f, 0x70f, 0x890, 0x891, 0x8e2, 0x8e2, 0x1400, 0x1400, 0x1680, 0x1680, 0x1806, 0x1806,
  0x180e, 0x180e, 0x2000, 0x2015, 0x202a, 0x202f, 0x205f, 0x206f, 0x2e17, 0x2e17, 0x2e1a, 0x2e1a,
  0x2e3a, 0x2e3b, 0x2e40, 0x2e40, 0x2e5d, 0x2e5d, 0x3000, 0x3000, 0x301c, 0x301c, 0x3030, 0x3030,
  0x30a0, 0x30a0, 0xfe31, 0xfe32, 0xfe58, 0xfe58, 0xfe63, 0xfe63, 0xfeff, 0xfeff, 0xff0d, 0xff0d,
  0xfff9, 0xfffb, 0x10d6e, 0x10d6e, 0x10ead, 0x10ead, 0x110bd, 0x110bd, 0x110cd, 0x110cd,
  0x13430, 0x1343f, 0x1bca0, 0x1bca3, 0x1d173, 0x1d17a, 0xe0001, 0xe007f,
}
-- Where the letters and digits are that NFKC makes plain: full width, bold, circled, raised ... Each
-- may become one symbol or several, or none; which, is not looked up here.
local DOUBTFUL = {
  0xaa, 0xba, 0x132, 0x133, 0x17f, 0x17f, 0x1c7, 0x1cc, 0x1f1, 0x1f3, 0x2b0, 0x2b8, 0x2e1, 0x2e3,
  0x1d2c, 0x1d65, 0x1d9c, 0x1da0, 0x1dbb, 0x1dbb, 0x2070, 0x20a8, 0x2102, 0x2149, 0x2160, 0x217f,
  0x2460, 0x2473, 0x24b6, 0x24ea, 0x2c7c, 0x2c7d, 0x3250, 0x325f, 0x32b1, 0x32cf, 0x3371, 0x33df,
  0x33ff, 0x33ff, 0xa7f1, 0xa7f4, 0xfb00, 0xfb06, 0xff10, 0xff5a, 0x10780, 0x107ba,
  0x1ccd6, 0x1ccf9, 0x1d400, 0x1d6a3, 0x1d7ce, 0x1d7ff, 0x1f12b, 0x1f14f, 0x1f16a, 0x1f16c,
  0x1f190, 0x1f190, 0x1fbf0, 0x1fbf9,
}

local function is_in(ranges, codepoint)
  for place = 1, #ranges, 2 do
    if codepoint >= ranges[place] and codepoint <= ranges[place + 1] then
      return true
    end
  end
  return false
end

-- The last symbol follows from all the others: a weighted sum in GF(2^5), x^5+x^2+1.
local function has_check_symbol(values)
  local sum = 0
  for place = 1, #values - 1 do
    sum = (sum ~ values[place]) << 1
    if sum > 31 then
      sum = sum ~ 37
    end
  end
  return sum == values[#values]
end

-- Whether apppw-tui may take it for an app password: 16 or 20 symbols of Crockford's base32, however
-- they are grouped. It says yes to all that apppw-tui reads as one, and to some that it does not.
local function may_be_app_password(password)
  local values, doubtful = {}, false
  for _, codepoint in utf8.codes(password) do
    if codepoint > 127 then
      if is_in(DOUBTFUL, codepoint) then
        doubtful = true
      elseif not is_in(DROPPED, codepoint) then
        return false
      end
    elseif codepoint > 32 and codepoint < 127 and codepoint ~= 45 then  -- else a blank, "-", control
      local symbol = string.char(codepoint):lower():gsub("o", "0"):gsub("[il]", "1")
      local value = ("0123456789abcdefghjkmnpqrstvwxyz"):find(symbol, 1, true)
      if not value then
        return false
      end
      values[#values + 1] = value - 1
    end
  end
  if doubtful then
    return #values <= 20
  end
  return (#values == 16 or #values == 20) and has_check_symbol(values)
end

-- The domain that apppw-tui gives to a name without one; false if none, nil if that is not known.
local function default_domain()
  local file = io.open(CONFIGURATION)
  if not file then
    return nil
  end
  local domain = false
  for line in file:lines() do
    if line:find("default_domain", 1, true) and not line:find("^%s*#") then
      domain = line:match('^%s*default_domain%s*=%s*"([a-z0-9.-]+)"')
        or line:match("^%s*default_domain%s*=%s*'([a-z0-9.-]+)'")
      break
    end
  end
  file:close()
  return domain
end

-- Whether that account is enforced by now, by its file: one line, an instant and an id. What cannot
-- be read or understood is.
local function is_enforced(name)
  local file, _, code = io.open(ENFORCED .. "/" .. name)
  if not file then
    return code ~= 2  -- ENOENT
  end
  local instant = (file:read(128) or ""):match("^(%d+%-%d%d%-%d%dT%d%d:%d%d:%d%dZ) %x+\n?$")
  file:close()
  return not instant or #instant ~= 20 or os.date("!%Y-%m-%dT%H:%M:%SZ") >= instant
end

-- Whether that user has to wait for apppw-tui, whatever the password. The accounts that the name may
-- mean are read from it as apppw-tui does, and each is looked at.
local function has_to_wait(user)
  local folder = io.open(ENFORCED .. "/.")
  if not folder then
    return true
  end
  folder:close()
  local pattern = "^[a-z0-9_'][a-z0-9._+'&=~-]*@?[a-z0-9.-]*$"
  local name = user:lower()
  if not name:find(pattern) and name:find("%%%x%x") then
    name = name:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end):lower()
  end
  if name:find("[\128-\255]") then
    return true  -- a domain in another alphabet, which cannot be looked up here
  elseif #name > 200 or not name:find(pattern) then
    return false  -- no account has such a name
  elseif is_enforced(name) then
    return true
  elseif name:find("@", 1, true) then
    return false
  end
  local domain = default_domain()
  return domain == nil or (domain and is_enforced(name .. "@" .. domain))
end

-- What Dovecot is told while nobody answers.
local function while_silent(request, password)
  if (request.service or request.protocol) == "apppw-portal" then
    return dovecot.auth.PASSDB_RESULT_NEXT, ""  -- app passwords do not open it, nor is it a service
  elseif fits(password) and may_be_app_password(password) or has_to_wait(request.user) then
    return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, ""
  end
  return dovecot.auth.PASSDB_RESULT_NEXT, ""
end

-- The question's end, beside name and password: where the user comes from.
local function with_origin(question, request)
  local service = request.service or request.protocol  -- so it is called in 2.3, and in 2.4
  if service and fits(service) then
    question = question .. ', "service": ' .. quoted(service)
  end
  if request.remote_ip and fits(request.remote_ip) then
    question = question .. ', "rip": ' .. quoted(request.remote_ip)
  end
  return question .. "}\n"
end

-- Dovecot calls this: the result, and fields for a yes, else a string; 2.4 takes nothing else. It is
-- empty, since 2.3 reads its words as fields.
function auth_password_verify(request, password)
  if not fits(request.user) then
    return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, ""
  end
  -- What is not UTF-8, or too long, is no app password: apppw-tui need not see it to say so, and
  -- it may be the old password of an account that is open.
  local question = '{"user": ' .. quoted(request.user)
    .. ', "password": ' .. quoted(fits(password) and password or "")
  local line, failure = ask(with_origin(question, request), SECONDS, PAUSE)
  local answer, user = read(line or "")
  if answer == "yes" and user then
    return dovecot.auth.PASSDB_RESULT_OK, {user = user}
  elseif answer == "no" then
    return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, ""
  elseif answer == "not mine" then
    return dovecot.auth.PASSDB_RESULT_NEXT, ""
  elseif answer == "not now" then
    return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, ""
  end
  forget_connection()  -- no telling what else comes on it
  request:log_error("apppw-tui cannot be asked at " .. SOCKET .. ": " .. (failure or "strange answer"))
  return while_silent(request, password)
end

-- Dovecot asks whether there is such a user, as for mail that comes in: that is not for us to say.
-- But CRAM-MD5 and its like come here as well, and would take the old password of anybody.
function auth_passdb_lookup(request)
  local mechanism = (request.mechanism or ""):lower()
  if mechanism == "" or mechanism == "plain" or mechanism == "login" then
    return dovecot.auth.PASSDB_RESULT_NEXT, ""
  end
  request:log_error("apppw-tui cannot judge " .. mechanism .. ": set auth_mechanisms = plain login")
  return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, ""
end

-- For apppw-old-password.lua.
return {ask = ask, fits = fits, quoted = quoted, with_origin = with_origin}
