"""Loaded by pytest before anything else (pyproject.toml)."""

from gevent import monkey

monkey.patch_all()

import freezegun  # noqa: E402

# A fact's recorded time is given by freezegun, which would also replace the clock inside the client's generated models.
freezegun.configure(extend_ignore_list=["kubernetes"])
