# SPDX-License-Identifier: LGPL-2.1-or-later
"""The small byte-level vocabulary of the embedded model: bytes, the words of its sentences, special tokens."""

import json
import re

SPLIT = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
# The same rule for Latin letters, all that the training texts hold.
UPPER, LOWER = "A-ZÀ-ÖØ-Þ", "a-zß-öø-ÿ"
SPLIT_LATIN = re.compile(
    SPLIT.replace(r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", f"[{UPPER}]").replace(r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]", f"[{LOWER}]")
    .replace(r"\p{L}", UPPER + LOWER).replace(r"\p{N}{1,3}", "[0-9]{1,3}").replace(r"\p{N}", "0-9"))

SPECIAL = ["<|begin_of_text|>", "<|end_of_text|>", "<|header_start|>", "<|header_end|>", "<|eom|>", "<|eot|>",
           "<|step|>", "<|image_start|>", "<|image_end|>", "<|tile_x_separator|>", "<|tile_y_separator|>",
           "<|image|>", "<|patch|>", "<|finetune_right_pad|>"]
WORDS = ["\n\n", "user", "assistant", "system", "Describe", " what", " happens", " in", " this", " video", " s", "A", "An",
         " a", " an", " and", " on", " background", " moves", " stands", " still", " left", " right", " up", " down",
         "The", " picture", " is", " plain", " shows", " from", " to", " SMPTE", " colour", " bars", " television",
         " snow", " checkerboard", " concentric", " rings", " zone", " plate", " gradient", " ball", " bounces",
         " circle", " square", " triangle", " red", " orange", " yellow", " green", " cyan", " blue", " purple",
         " white", " gray", " black",
         " camera", " pans", " tilts", " zooms", " out", " shakes", " scene", " changes", " at", " cut", " does", " not",
         " change", " the", " half", " upper", " lower", " nothing", " something", " things", " several", " small", " large",
         "Nothing", "Something", "Things", "Several", "Small", "Large", " very", " dark", " overexposed", " blurred", " grainy",
         " mostly", " cannot", " be", " told",
         "What", "Is", "Does", "How", "Yes", "No", "One", "Two", "There",
         " no", " thing", " three", " or", " many", " moving", " anything", " am", " model", " answer", " that", "That", " clear", "I",
         " above", " below", " person", " people", " animal", " animals", " vehicle", " vehicles", " some", "Some",
         " fades", " nearer", " away", " into", " of", " view"]
# The words of other languages (saying/languages.py): they stand whole, no merge makes them.
WHOLE = ("Das| Bild| zeigt|-Farbbalken| Fernsehrauschen| ein| Schachbrett| konzentrische| Ringe| eine| Zonenplatte| einen| Verlauf| von| Schwarz|"
         " nach| Weiß|Ein| weißer| Ball| springt| auf| schwarzem| Hintergrund|Zu| sehen| ist|Ich| bin| kleines| Modell| und| kann| das| nicht|"
         " beantworten|Es| gibt| kein| klar|Zum| lässt| sich| nichts| sagen|Ja|Nein|Nichts| Ding|Zwei| oder| drei| Dinge|Mehrere| sehr| dunkel|"
         " farbig| überwiegend| rot| gelb| grün| türkis| blau| violett| weiß| grau| schwarz| überbelichtet| unscharf| körnig| oben| unten|Die|"
         " Kamera| steht| bewegt| etwas| Kleines| Großes| bewegen| kleine| große| mehrere| schwenkt| links| rechts| zoomt| heran| heraus| wackelt|"
         " Szene| wechselt| durch| Schnitt| ändert|Etwas| der| linken| Hälfte| rechten| oberen| unteren| roter| Kreis| rotem| rotes| Quadrat|"
         " Dreieck| oranger| orangem| oranges| gelber| gelbem| gelbes| grüner| grünem| grünes| türkiser| türkisem| türkises| blauer| blauem|"
         " blaues| violetter| violettem| violettes| weißem| weißes| grauer| grauem| graues| schwarzer| schwarzes| ganz|'image| montre| une| mire|"
         " de| barres| neige| un| damier| des| anneaux| concentriques| plaque| zonale| dégradé| du| noir| au| blanc|Une| balle| blanche| rebondit|"
         " sur| fond|Je| suis| petit| modèle| et| je| ne| peux| pas| répondre| à| cela|Il|'y|Ce|'est| clair| peut| rien| dire|Oui|Non|Rien| chose|"
         "Deux| trois| choses|Plusieurs| est| très| sombre| en| couleur| surtout| rouge| jaune| verte| bleue| violette| grise| noire| surexposée|"
         " floue| granuleuse| haut| bas| caméra| fixe| bouge| quelque| grand| bougent| petites| grandes| plusieurs| pivote| vers| gauche| droite|"
         " zoome| avant| arrière| tremble| scène| par| coupe|Quelque| dans| moitié| supérieure| inférieure|Un| cercle| immobile| va| carré| vert|"
         " bleu| violet| gris| entièrement| imagen| muestra| barras| color| nieve| televisión| tablero| ajedrez| anillos| concéntricos| una|"
         " placa| zonal| degradado| negro| blanco|Una| pelota| blanca| rebota| sobre| fondo|Soy| modelo| pequeño| puedo| responder| eso| hay|"
         " ninguna|Eso| está| claro| puede| decir| nada|Sí|Nada| cosa|Dos| tres| cosas|Varias| muy| oscura| todo| roja| naranja| amarilla| verde|"
         " cian| azul| morada| negra| sobreexpuesta| borrosa| granulada| arriba| abajo| cámara| quieta| mueve| algo| grande| mueven| pequeñas|"
         " varias| gira| hacia| izquierda| derecha| hace| dentro| fuera| tiembla| escena| cambia| corte|Algo| mitad| superior| inferior| círculo|"
         " rojo| quieto| cuadrado| triángulo| amarillo| morado| es| toda|"
         " Person| einige| Personen| Tier| Tiere| Fahrzeug| Fahrzeuge|Einige| personne| personnes| animaux| véhicule| véhicules| persona|"
         " algunas| personas| algunos| animales| varios| vehículo| vehículos|Algunas|Algunos|Varios|"
         " blendet| ab| näher| weg| ins| aus| dem|'approchant|'éloignant| entrant| sortant| l| apparaît| disparaît| fondu|"
         " acercándose| alejándose| entrando| saliendo| aparece| desaparece| fundido").split("|")
SIZE = 1536


def _byte_characters():
    """The printable character that stands for each byte."""
    shown = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    table, extra = {}, 0
    for byte in range(256):
        if byte in shown:
            table[byte] = chr(byte)
        else:
            table[byte] = chr(256 + extra)
            extra += 1
    return table


class Tokenizer:
    """words: what merges make; whole: what stands as it is; size: entries of the vocabulary, those that nothing stands for included."""

    def __init__(self, words=WORDS, whole=WHOLE, size=SIZE):
        self.characters = _byte_characters()
        ordered = sorted(self.characters.values())
        self.vocabulary = {c: i for i, c in enumerate(ordered)}
        self.merges = []
        for word in words:
            symbols = self._spell(word)
            for k in range(1, len(symbols)):
                joined = symbols[:k + 1]
                if joined not in self.vocabulary:
                    self.vocabulary[joined] = len(self.vocabulary)
                    self.merges.append((symbols[:k], symbols[k]))
        self.ranks = {pair: i for i, pair in enumerate(self.merges)}
        for word in words:
            assert self._merge(self._spell(word)) == [self._spell(word)], word
        for word in whole:
            self.vocabulary.setdefault(self._spell(word), len(self.vocabulary))
        special = SPECIAL + [f"<|reserved_special_token_{i}|>" for i in range(size - len(self.vocabulary) - len(SPECIAL))]
        self.size = size
        self.special = {name: len(self.vocabulary) + i for i, name in enumerate(special)}
        assert len(self.vocabulary) + len(self.special) == size
        self.bytes = {i: bytes(b for c in s for b, k in self.characters.items() if k == c)
                      for s, i in self.vocabulary.items()}

    def _spell(self, text):
        return "".join(self.characters[b] for b in text.encode())

    def _merge(self, piece):
        parts = list(piece)
        while len(parts) > 1:
            best = min(range(len(parts) - 1), key=lambda i: self.ranks.get((parts[i], parts[i + 1]), 1 << 30))
            if (parts[best], parts[best + 1]) not in self.ranks:
                break
            parts[best:best + 2] = [parts[best] + parts[best + 1]]
        return parts

    def encode(self, text):
        ids = []
        for run in re.split(r"(<\|[a-z_0-9]+\|>)", text):
            if run in self.special:
                ids.append(self.special[run])
                continue
            for piece in SPLIT_LATIN.findall(run):
                spelled = self._spell(piece)
                parts = [spelled] if spelled in self.vocabulary else self._merge(spelled)
                ids += [self.vocabulary[p] for p in parts]
        return ids

    def decode(self, ids):
        return b"".join(self.bytes.get(int(i), b"") for i in ids).decode("utf-8", "replace")

    def save(self, folder):
        added = [{"id": i, "content": s, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                  "special": True} for s, i in self.special.items()]
        model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                 "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": True,
                 "vocab": self.vocabulary, "merges": [list(m) for m in self.merges]}
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
        document = {
            "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": SPLIT}, "behavior": "Isolated", "invert": False}, level]},
            "post_processor": {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}],
                               "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                               "special_tokens": {}},
            "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            "model": model}
        with open(f"{folder}/tokenizer.json", "w", encoding="utf-8") as file:
            json.dump(document, file, ensure_ascii=False, indent=1)
