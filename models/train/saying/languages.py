# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is told in English, told in German, French and Spanish."""

from dataclasses import dataclass

from saying import telling
from saying.prompt import NO_ANSWER, NO_PICTURE, NO_TEXT, UNCLEAR, UNREAD
from shapes.colours import NAMES
from shapes.scenes import SHAPES
from shapes.sentences import BALL_STILL, PATTERNS, facts


def by_name(words, names=NAMES):
    return dict(zip(names, words.split()))


@dataclass
class Language:
    """The words of one language; of colours as of the picture, of a thing of every gender and of a background."""
    called: tuple                # what a prompt calls it
    picture: str                 # how a sentence about the picture begins
    plain: str                   # and one about a picture of one colour
    shown: tuple                 # and one about the thing, or the two, that a single picture shows
    states: dict
    colour: dict                 # in colour, gray
    mostly: str
    halves: dict
    colours: dict                # as the picture has them
    join: str                    # and
    camera: dict
    moving: dict                 # {(count, size): words}
    named: dict                  # {(count, name): words}
    way: dict
    passage: dict
    place: dict
    thing: dict                  # {shape: words with {} for the colour}
    thing_colours: dict          # {shape: {colour: word}}
    moves: str
    still: str
    background: str
    background_colours: dict
    fixed: dict                  # {English sentence: this one}


def _fixed(*sentences):
    english = [*PATTERNS.values(), BALL_STILL, NO_ANSWER, NO_PICTURE, UNCLEAR, telling.NOTHING + ".", telling.TEXT + ".", UNREAD, NO_TEXT, "Yes.", "No.",
               "Nothing.", "One thing.", "Two or three things.", "Several things."]
    assert len(english) == len(sentences)
    return dict(zip(english, sentences))


def _same(colours):
    return {shape: colours for shape in SHAPES}


COUNTS = [(count, size) for count in ("one", "some", "several") for size in (None, "small", "large")]
NAMED = [(count, name) for name in telling.NAMED for count in ("one", "some", "several")]
WAYS = list(telling.WAYS)
PASSAGES = list(telling.PASSAGES)
CAMERAS = list(telling.CAMERAS)

_GERMAN = "rot orange gelb grün türkis blau violett weiß grau schwarz"


def _ending(letters):
    return {name: colour.removesuffix("e") + letters for name, colour in by_name(_GERMAN).items()}


GERMAN = Language(
    ("German", "German", "Deutsch", "de"), "Das Bild ist", "Das Bild ist ganz", ("Zu sehen ist", "Zu sehen sind"),
    by_name("dunkel überbelichtet unscharf körnig", telling.STATES) | {"dark": "sehr dunkel"},
    {"colour": "farbig", "gray": "grau"}, "überwiegend", {"above": "oben", "below": "unten"}, by_name(_GERMAN), "und",
    dict(zip(CAMERAS, (
        "Die Kamera steht", "Die Kamera schwenkt nach links", "Die Kamera schwenkt nach rechts", "Die Kamera schwenkt nach oben",
        "Die Kamera schwenkt nach unten", "Die Kamera zoomt heran", "Die Kamera zoomt heraus", "Die Kamera wackelt",
        "Die Kamera bewegt sich", "Die Szene wechselt durch einen Schnitt", "Das Bild ändert sich nicht", "Das Bild blendet auf",
        "Das Bild blendet ab"))),
    {("none", None): "nichts bewegt sich"} | dict(zip(COUNTS, (
        "etwas bewegt sich", "etwas Kleines bewegt sich", "etwas Großes bewegt sich", "Dinge bewegen sich",
        "kleine Dinge bewegen sich", "große Dinge bewegen sich", "mehrere Dinge bewegen sich",
        "mehrere kleine Dinge bewegen sich", "mehrere große Dinge bewegen sich"))),
    dict(zip(NAMED, (
        "eine Person bewegt sich", "einige Personen bewegen sich", "mehrere Personen bewegen sich", "ein Tier bewegt sich",
        "einige Tiere bewegen sich", "mehrere Tiere bewegen sich", "ein Fahrzeug bewegt sich", "einige Fahrzeuge bewegen sich",
        "mehrere Fahrzeuge bewegen sich"))),
    dict(zip(WAYS, ("nach links", "nach rechts", "nach oben", "nach unten", "näher", "weg"))),
    dict(zip(PASSAGES, ("ins Bild", "aus dem Bild"))),
    {name: f"in der {word} Hälfte" for name, word in zip(telling.PLACES, ("linken", "rechten", "oberen", "unteren"))},
    {"circle": "ein {} Kreis", "square": "ein {} Quadrat", "triangle": "ein {} Dreieck"},
    {shape: _ending("er" if shape == "circle" else "es") for shape in SHAPES},
    "bewegt sich", "steht still", "auf {} Hintergrund", _ending("em"),
    _fixed("Das Bild zeigt SMPTE-Farbbalken.", "Das Bild zeigt Fernsehrauschen.", "Das Bild zeigt ein Schachbrett.",
           "Das Bild zeigt konzentrische Ringe.", "Das Bild zeigt eine Zonenplatte.", "Das Bild zeigt einen Verlauf von Schwarz nach Weiß.",
           "Ein weißer Ball springt auf schwarzem Hintergrund.", "Zu sehen ist ein weißer Ball auf schwarzem Hintergrund.",
           "Ich bin ein kleines Modell und kann das nicht beantworten.", "Es gibt kein Bild.", "Das ist nicht klar.",
           "Zum Bild lässt sich nichts sagen.", "Es ist Schrift zu sehen.",
           "Es ist Schrift zu sehen, aber ich kann sie nicht lesen.", "Ich sehe keine Schrift.", "Ja.", "Nein.", "Nichts.", "Ein Ding.", "Zwei oder drei Dinge.", "Mehrere Dinge."))

_FRENCH = by_name("rouge orange jaune vert cyan bleu violet blanc gris noir")
FRENCH = Language(
    ("French", "French", "français", "Français", "fr"), "L'image est", "L'image est entièrement", ("L'image montre",) * 2,
    by_name("sombre surexposée floue granuleuse", telling.STATES) | {"dark": "très sombre"},
    {"colour": "en couleur", "gray": "grise"}, "surtout", {"above": "en haut", "below": "en bas"},
    by_name("rouge orange jaune verte cyan bleue violette blanche grise noire"), "et",
    dict(zip(CAMERAS, (
        "La caméra est fixe", "La caméra pivote vers la gauche", "La caméra pivote vers la droite", "La caméra pivote vers le haut",
        "La caméra pivote vers le bas", "La caméra zoome en avant", "La caméra zoome en arrière", "La caméra tremble",
        "La caméra bouge", "La scène change par une coupe", "L'image ne change pas", "L'image apparaît en fondu", "L'image disparaît en fondu"))),
    {("none", None): "rien ne bouge"} | dict(zip(COUNTS, (
        "quelque chose bouge", "quelque chose de petit bouge", "quelque chose de grand bouge", "des choses bougent",
        "de petites choses bougent", "de grandes choses bougent", "plusieurs choses bougent",
        "plusieurs petites choses bougent", "plusieurs grandes choses bougent"))),
    dict(zip(NAMED, (
        "une personne bouge", "des personnes bougent", "plusieurs personnes bougent", "un animal bouge", "des animaux bougent",
        "plusieurs animaux bougent", "un véhicule bouge", "des véhicules bougent", "plusieurs véhicules bougent"))),
    dict(zip(WAYS, ("vers la gauche", "vers la droite", "vers le haut", "vers le bas", "en s'approchant", "en s'éloignant"))),
    dict(zip(PASSAGES, ("en entrant dans l'image", "en sortant de l'image"))),
    {name: f"dans la moitié {word}" for name, word in zip(telling.PLACES, ("gauche", "droite", "supérieure", "inférieure"))},
    {"circle": "un cercle {}", "square": "un carré {}", "triangle": "un triangle {}"}, _same(_FRENCH),
    "va", "est immobile", "sur fond {}", _FRENCH,
    _fixed("L'image montre une mire de barres SMPTE.", "L'image montre de la neige.", "L'image montre un damier.",
           "L'image montre des anneaux concentriques.", "L'image montre une plaque zonale.", "L'image montre un dégradé du noir au blanc.",
           "Une balle blanche rebondit sur fond noir.", "L'image montre une balle blanche sur fond noir.",
           "Je suis un petit modèle et je ne peux pas répondre à cela.", "Il n'y a pas d'image.", "Ce n'est pas clair.",
           "On ne peut rien dire de l'image.", "Il y a du texte.",
           "Il y a du texte, mais je ne peux pas le lire.", "Je ne vois pas de texte.", "Oui.", "Non.", "Rien.", "Une chose.", "Deux ou trois choses.", "Plusieurs choses."))

_SPANISH = by_name("rojo naranja amarillo verde cian azul morado blanco gris negro")
SPANISH = Language(
    ("Spanish", "Spanish", "español", "Español", "es"), "La imagen está", "La imagen es toda", ("La imagen muestra",) * 2,
    by_name("oscura sobreexpuesta borrosa granulada", telling.STATES) | {"dark": "muy oscura"},
    {"colour": "en color", "gray": "en gris"}, "sobre todo", {"above": "arriba", "below": "abajo"},
    by_name("roja naranja amarilla verde cian azul morada blanca gris negra"), "y",
    dict(zip(CAMERAS, (
        "La cámara está quieta", "La cámara gira hacia la izquierda", "La cámara gira hacia la derecha", "La cámara gira hacia arriba",
        "La cámara gira hacia abajo", "La cámara hace zoom hacia dentro", "La cámara hace zoom hacia fuera", "La cámara tiembla",
        "La cámara se mueve", "La escena cambia con un corte", "La imagen no cambia", "La imagen aparece en fundido",
        "La imagen desaparece en fundido"))),
    {("none", None): "no se mueve nada"} | dict(zip(COUNTS, (
        "algo se mueve", "algo pequeño se mueve", "algo grande se mueve", "se mueven cosas", "se mueven cosas pequeñas",
        "se mueven cosas grandes", "varias cosas se mueven", "varias cosas pequeñas se mueven", "varias cosas grandes se mueven"))),
    dict(zip(NAMED, (
        "una persona se mueve", "algunas personas se mueven", "varias personas se mueven", "un animal se mueve",
        "algunos animales se mueven", "varios animales se mueven", "un vehículo se mueve", "algunos vehículos se mueven",
        "varios vehículos se mueven"))),
    dict(zip(WAYS, ("hacia la izquierda", "hacia la derecha", "hacia arriba", "hacia abajo", "acercándose", "alejándose"))),
    dict(zip(PASSAGES, ("entrando en la imagen", "saliendo de la imagen"))),
    {name: f"en la mitad {word}" for name, word in zip(telling.PLACES, ("izquierda", "derecha", "superior", "inferior"))},
    {"circle": "un círculo {}", "square": "un cuadrado {}", "triangle": "un triángulo {}"}, _same(_SPANISH),
    "se mueve", "está quieto", "sobre fondo {}", _SPANISH,
    _fixed("La imagen muestra barras de color SMPTE.", "La imagen muestra nieve de televisión.", "La imagen muestra un tablero de ajedrez.",
           "La imagen muestra anillos concéntricos.", "La imagen muestra una placa zonal.", "La imagen muestra un degradado de negro a blanco.",
           "Una pelota blanca rebota sobre fondo negro.", "La imagen muestra una pelota blanca sobre fondo negro.",
           "Soy un modelo pequeño y no puedo responder a eso.", "No hay ninguna imagen.", "Eso no está claro.",
           "No se puede decir nada de la imagen.", "Hay texto.",
           "Hay texto, pero no puedo leerlo.", "No veo ningún texto.", "Sí.", "No.", "Nada.", "Una cosa.", "Dos o tres cosas.", "Varias cosas."))

OTHERS = [GERMAN, FRENCH, SPANISH]
# What is asked for that the model does not know is told in English.
UNKNOWN = ["English", "English", "en", "Japanese", "Italian", "Polish", "Chinese", "Klingon"]


def some(rng, share):
    """A language and what a prompt adds to ask for it: None, which is English, and nothing for most."""
    if rng.random() >= share:
        return None, ""
    at = int(rng.integers(7))
    language = OTHERS[at // 2] if at < 6 else None
    names = language.called if language else UNKNOWN
    return language, f" Answer in {names[rng.integers(len(names))]}."


def say(told, language):
    """The text of what is to be told: an English sentence, or the statements of film."""
    if language is None:
        return told if isinstance(told, str) else telling.phrase(told)
    if not isinstance(told, str):
        return _film(told, language)
    return language.fixed.get(told) or _drawn(facts(told), language)


def _capital(text):
    return text[0].upper() + text[1:] + "."


def _film(said, language):
    if "plain" in said:
        return f"{language.plain} {language.colours[said['plain']]}."
    looks = [words for words in (language.states.get(said.get("state")), language.colour.get(said.get("colour"))) if words]
    out = []
    if looks:
        text = f"{language.picture} {f' {language.join} '.join(looks)}"
        if said.get("colour") == "colour":
            parts = ((said.get("mostly"), ""), *((said.get(half), " " + words) for half, words in language.halves.items()))
            text += "".join(f", {language.mostly} {language.colours[name]}{where}" for name, where in parts if name)
        out.append(text + ".")
    rest = [words for words in (language.camera.get(said.get("camera")), _moving(said, language)) if words]
    if rest:
        out.append(_capital(f" {language.join} ".join(rest)))
    if "text" in said:
        out.append(language.fixed[telling.TEXT + "."])
    return " ".join(out) or language.fixed[telling.NOTHING + "."]


def _moving(said, language):
    if "count" not in said:
        return None
    count = "one" if said["count"] == "any" else said["count"]
    words = language.named[count, said["name"]] if "name" in said else language.moving[count, said.get("size") if count != "none" else None]
    return " ".join([words, *(table[said[kind]] for kind, table in (("direction", language.way), ("passage", language.passage), ("place", language.place)) if kind in said)])


def _drawn(facts, language):
    if facts["kind"] == "plain":
        return _film({"plain": facts["background"]}, language)
    things = []
    for colour, (shape, motion) in facts["things"].items():
        words = language.thing[shape].format(language.thing_colours[shape][colour])
        things.append(words if not motion else f"{words} {language.still if motion == 'still' else f'{language.moves} {language.way[motion]}'}")
    text = f"{f' {language.join} '.join(things)} {language.background.format(language.background_colours[facts['background']])}"
    return _capital(text if motion else f"{language.shown[len(things) - 1]} {text}")
