"""Money on its way: what collectors hold in their hands, cheques until they are good."""
