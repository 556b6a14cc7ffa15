"""The report: recoveries as the watchers' audit tells them, on one page of HTML. Pure."""
