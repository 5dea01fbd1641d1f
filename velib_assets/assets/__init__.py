"""The asset graph, one file a layer: wiring only, the work is in core, runtime and resources."""
