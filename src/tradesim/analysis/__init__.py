"""What the tables say: metrics, exports, comparisons. Reads results, never the model."""
