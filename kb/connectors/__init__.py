"""Turn what ticket systems export and send into deliveries, as mapping files say. Pure, but for reading files."""
