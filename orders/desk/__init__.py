"""The order desk: the pages and API calls of people and partners who enter, follow and decide orders."""
