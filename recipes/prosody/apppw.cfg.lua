-- App passwords for Prosody 0.12. Put it at /etc/prosody/conf.d/apppw.cfg.lua, with your own domain,
-- or its three lines into the VirtualHost that you have; and mod_auth_apppw.lua beside it, which says
-- where. `apppw-tui-json.socket` must be enabled.
--
-- People sign in as ada@example.org, whose account has that name, or is `ada` where the domain is
-- apppw-tui's default_domain. App passwords alone open this, whether an account is open or enforced.
-- While apppw-tui is silent, it is said to be for the moment (temporary-auth-failure), and chat
-- programs keep their passwords.

VirtualHost "example.org"
  authentication = "apppw"
