"""The widgets a page is made of: one Struct a file, told apart by their `type`.

A new widget is a Struct here, its name in the union below, and a template and a style sheet of the same name beside the
builder; nothing else changes.
"""

from shared.widgets.cta import Cta
from shared.widgets.faq import Faq
from shared.widgets.features import Features
from shared.widgets.hero import Hero
from shared.widgets.image import Image
from shared.widgets.quote import Quote
from shared.widgets.table import Table
from shared.widgets.text import Text

AnyWidget = Hero | Text | Image | Features | Table | Faq | Quote | Cta

__all__ = ["AnyWidget", "Cta", "Faq", "Features", "Hero", "Image", "Quote", "Table", "Text"]
