"""NeRCo's training: two closed loops without pairs, four patch judges, edges, CLIP and pools."""
