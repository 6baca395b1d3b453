"""The site that every server serves: a small shop, and its support desk mounted at `/support`.

Servers load `shop:application`; `python shop.py PORT` serves it with wsgiref.
"""

import os
import sys
from wsgiref.simple_server import make_server

from supportcases import create_app, mount


def storefront(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("X-Process", str(os.getpid()))])
    return [b"The shop at ", environ["PATH_INFO"].encode("latin-1")]


application = mount(storefront, create_app(os.environ["SHOP_DB"], docs=True, console=True), at="/support")

if __name__ == "__main__":
    make_server("127.0.0.1", int(sys.argv[1]), application).serve_forever()
