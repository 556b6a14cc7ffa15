"""How Cilium's choices go together, what they become, and what changing one means. Pure."""
