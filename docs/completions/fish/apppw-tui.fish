# fish reads this file when apppw-tui is completed first.
command apppw-tui completion fish | source
