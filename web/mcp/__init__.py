"""Answer agents over the Model Context Protocol: three tools that read, with the permissions of one token."""
