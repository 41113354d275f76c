"""Pages: the HTML that IIS and WCF answer with when something is wrong [REC, shortened]."""

CONTENT_TYPE = "text/html"

_FRAME = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
  <head><title>{title}</title></head>
  <body>
    <div id="content">
      <p class="heading1">{title}</p>
      <p>{text}</p>
    </div>
  </body>
</html>
"""


def request_error() -> str:
    """The WCF page for a body that cannot be deserialized."""
    text = (
        "The server encountered an error processing the request. Please see the "
        '<a rel="help-page" href="https://api.litmos.com/v1.svc/help">service help page</a> '
        "for constructing valid requests to the service."
    )
    return _FRAME.format(title="Request Error", text=text)


def not_found() -> str:
    """The WCF page for a path that is no call."""
    return _FRAME.format(title="Service", text="Endpoint not found.")


def not_allowed() -> str:
    """The WCF page for a method that a path does not take."""
    return _FRAME.format(title="Service", text="Method not allowed.")


def overloaded() -> str:
    """A page as an overloaded server sends even when JSON is asked for [CODE]."""
    return _FRAME.format(title="Service Unavailable", text="The service is temporarily unavailable.")
