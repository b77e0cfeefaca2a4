"""The tree in Git: base, overlays, patches, sync. All of it is computed; nothing here touches a disk."""
