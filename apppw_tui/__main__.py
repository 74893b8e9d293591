from apppw_tui.cli import run

run()
