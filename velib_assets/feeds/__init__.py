"""Where snapshots come from: opendata, gbfs, archive, simulator; one interface, `feeds.base`."""
