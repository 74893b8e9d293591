-- App passwords for Prosody 0.12: asks apppw-tui's "json" socket, one line for each sign-in.
--
-- Put it at /usr/local/lib/prosody/modules/mod_auth_apppw.lua (Debian's plugin_paths has that
-- folder). apppw.cfg.lua says how it is used. Prosody's user must be in the group of the socket:
-- usermod -aG apppw-json prosody.
--
-- mod_auth_dovecot of prosody-modules could ask the "auth-client" socket, but it keeps one connection
-- and refuses whoever comes first after that was closed, by a restart or after ten minutes; it
-- tells no address either. This one connects anew for each sign-in.
--
-- Not protected: all of Prosody waits for an answer, SECONDS at most. Prosody cannot ask whether
-- there is such an account, so messages to anybody at the host are taken.

local SOCKET = module:get_option_string("apppw_socket", "/run/apppw-tui/json")
local SECONDS = 3   -- until an answer counts as none
local SERVICE = "xmpp"

local unix = require "socket.unix"
local json = require "util.json"
local jid = require "util.jid"
local nodeprep = require "util.encodings".stringprep.nodeprep

local host = module.host

-- What apppw-tui says, and whose account it is; "not now" where it says nothing.
local function ask(account, password, address)
  local connection = (type(unix) == "table" and unix.stream or unix)()
  connection:settimeout(SECONDS, "b")
  connection:settimeout(SECONDS, "t")
  local question = { user = account, password = password, service = SERVICE, rip = address }
  local line
  local done, failure = connection:connect(SOCKET)
  if done then
    done, failure = connection:send(json.encode(question) .. "\n")
  end
  if done then
    line, failure = connection:receive("*l")
  end
  connection:close()
  local answer = line and json.decode(line)
  if type(answer) ~= "table" or type(answer.answer) ~= "string" then
    module:log("error", "apppw-tui cannot be asked at %s: %s", SOCKET, failure or "strange answer")
    return "not now"
  end
  return answer.answer, answer.user
end

-- The local part of the account, if that password opens it; else nil and SASL's word for why not.
local function judged(username, password, address)
  local answer, account = ask(username .. "@" .. host, password, address)
  if answer == "not now" or answer == "error" then
    return nil, "temporary-auth-failure"
  end
  local name, domain = tostring(account or ""):match("^([^@]+)@?(.*)$")
  if answer ~= "yes" or not name or (domain ~= "" and domain ~= host) then
    return nil, "not-authorized"
  end
  return nodeprep(jid.escape(name)), "not-authorized"
end

-- SASL's PLAIN (RFC 4616), which alone brings the password itself.
local handler = {}
handler.__index = handler

local function new_handler(address)
  return setmetatable({ address = address }, handler)
end

function handler:clean_clone()
  return new_handler(self.address)
end

function handler:mechanisms()
  return { PLAIN = true }
end

function handler:select(mechanism)
  self.selected = mechanism == "PLAIN" and mechanism or nil
  return self.selected ~= nil
end

function handler:process(message)
  local authzid, authcid, password = (message or ""):match("^([^%z]*)%z([^%z]+)%z([^%z]+)$")
  if not authcid then
    return "failure", "malformed-request"
  end
  local name, domain = authcid:match("^([^@]+)@?(.*)$")
  name = name and nodeprep(name)
  if not name or (domain ~= "" and domain ~= host) then
    return "failure", "not-authorized"
  elseif authzid ~= "" and authzid ~= name and authzid ~= name .. "@" .. host then
    return "failure", "invalid-authzid"
  end
  local username, why = judged(jid.unescape(name), password, self.address)
  if not username then
    return "failure", why
  end
  self.username = username
  return "success"
end

local provider = {}

function provider.test_password(username, password)
  return judged(jid.unescape(username), password) ~= nil
end

function provider.user_exists()
  return true
end

function provider.get_sasl_handler(session)
  return new_handler(session and session.ip)
end

local function elsewhere()
  return nil, "App passwords are kept by apppw-tui."
end

provider.get_password, provider.set_password = elsewhere, elsewhere
provider.create_user, provider.delete_user = elsewhere, elsewhere

module:provides("auth", provider)
