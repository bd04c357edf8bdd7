"""Running the whole program on a laptop: emulator, packaging, clock, replay and CLI."""
