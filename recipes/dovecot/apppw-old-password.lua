-- Tells apppw-tui that an old password was right: for 90-apppw-old-password.conf, which says how.
--
-- Put it at /etc/dovecot/apppw-old-password.lua, beside apppw.lua. It lets nobody in and keeps nobody
-- out; while apppw-tui is silent, nothing is told.

local SECONDS = 0.5  -- for telling it; then the sign-in goes on
local PAUSE = 60     -- seconds after such a silence in which nothing is told

local apppw = dofile("/etc/dovecot/apppw.lua")

-- Dovecot calls this when a passdb before has let somebody in. "Mismatch" leaves that as it is, since
-- 90-apppw-old-password.conf says so, and lets nobody in where it does not. ("Next" cannot be last.)
function auth_password_verify(request, _)
  local service = request.service or request.protocol
  -- At the portal people are to type that password.
  if service ~= "apppw-portal" and apppw.fits(request.user) then
    local line = '{"event": "old-password", "user": ' .. apppw.quoted(request.user)
    pcall(apppw.ask, apppw.with_origin(line, request), SECONDS, PAUSE)
  end
  return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, ""
end

-- For mail that comes in: a passdb before has found the user, which stays as it is.
function auth_passdb_lookup(_)
  return dovecot.auth.PASSDB_RESULT_USER_UNKNOWN, ""
end
