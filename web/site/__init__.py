"""The pages: one module for each concern, server-rendered, working without JavaScript."""
