"""Where snapshots come from: opendata, gbfs, archive, simulator, behind the one interface of `feeds.base`."""
