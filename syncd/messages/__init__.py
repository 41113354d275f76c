"""Messages: gathering what is to be told, and sending it by mail, signed webhook or apprise, off the path of any sync."""
