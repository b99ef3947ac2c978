"""One stylisation: options, presets, plan, pyramid, descent, result."""
