"""Files: staged imports of documented formats, their rejected rows, and the exports that read back the same."""
