-- App passwords for Dovecot: asks apppw-tui's "lua" socket, one line of JSON for each sign-in.
--
-- Put it at /etc/dovecot/apppw.lua. 05-apppw-lua.conf says how it is used; for Dovecot 2.4, so does
-- 24-apppw-lua.conf. Needs lua-socket. Whoever runs auth-worker must be in the group of the socket.

local SOCKET = "/run/apppw-tui/json"
local SECONDS = 10  -- until an answer counts as none: "not now", never a yes
local MOST = 512    -- bytes of a name or a password

require "socket"  -- so that writing to a closed connection is an error, not a signal
local unix = require "socket.unix"

local kept  -- the connection, between two sign-ins of this auth-worker

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

local function connected()
  local connection = (type(unix) == "table" and unix.stream or unix)()
  connection:settimeout(SECONDS, "b")
  connection:settimeout(SECONDS, "t")
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

-- The answering line; nil and why not. A connection without its answer is never used again: what
-- came late would be taken for the answer to somebody else's question.
local function ask(question)
  local connection, answer, failure = kept, nil, nil
  kept = nil
  if connection then
    answer, failure = exchange(connection, question)
    if not answer and failure == "timeout" then
      return nil, failure
    end
  end
  if not answer then  -- there was none, or apppw-tui was restarted, or closed it
    connection, failure = connected()
    if not connection then
      return nil, failure
    end
    answer, failure = exchange(connection, question)
  end
  if answer then
    kept = connection
  end
  return answer, failure
end

local function read(line)
  local answer, user =
    line:match('^{"answer": "([a-z ]+)", "user": "([a-z0-9][a-z0-9._+@-]*)"}$')
  if answer then
    return answer, user
  end
  return line:match('^{"answer": "([a-z ]+)"}$')
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
  local service = request.service or request.protocol  -- so it is called in 2.3, and in 2.4
  if service and fits(service) then
    question = question .. ', "service": ' .. quoted(service)
  end
  if request.remote_ip and fits(request.remote_ip) then
    question = question .. ', "rip": ' .. quoted(request.remote_ip)
  end
  local line, failure = ask(question .. "}\n")
  local answer, user = read(line or "")
  if answer == "yes" and user then
    return dovecot.auth.PASSDB_RESULT_OK, {user = user}
  elseif answer == "no" then
    return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, ""
  elseif answer == "not mine" then
    return dovecot.auth.PASSDB_RESULT_NEXT, ""
  elseif answer ~= "not now" then
    if kept then  -- no telling what else comes on it
      kept:close()
      kept = nil
    end
    failure = failure or "strange answer"
    request:log_error("apppw-tui cannot be asked at " .. SOCKET .. ": " .. failure)
  end
  return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, ""
end
