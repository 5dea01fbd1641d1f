"""The feeds, one file each: opendata, gbfs, archive. They share the interface in `feed`."""
