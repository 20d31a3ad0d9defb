/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sentences of many scripts become cues that keep every rule. */

#include <string.h>

#include "cues/cues.h"
#include "llama4.h"

#define SENTENCES 1000          /* of each script and preset */
#define MS G_GUINT64_CONSTANT (1000000)
#define SECOND (1000 * MS)

/* What a sentence is generated of: characters as a reader sees them, whatever code points they are spelled with. */
typedef struct
{
  const char *name;
  gboolean wide, blanks;        /* two columns a character; words with blanks between them */
  const char *characters;       /* with a | between them */
  const char *end, *comma;
} Script;

static const Script scripts[] = {
  {"latin", FALSE, TRUE, "a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|r|s|t|u|w|ä|ö|ü|é|ß|ñ|X|3", ".", ","},
  {"cjk", TRUE, FALSE, "红|色|圆|形|向|右|移|动|白|背|景|상|자|가|あ|い|ウ|漢|字", "。", "，"},
  {"arabic", FALSE, TRUE, "ا|ب|ت|ث|ج|ح|خ|د|ذ|ر|ز|س|ش|ص|ض|ط|ع|غ|ف|ق|ك|ل|م|ن|ه|و|ي|بَ|مُّ|لِ", ".", "،"},
  {"combining", FALSE, TRUE, "e\u0301|a\u0308\u0323|o\u0302\u0301|n\u0303|q\u0307\u0323\u0330|क्षि|की|த்|நி|กำ|ที่|g\u0308\u030a\u0301\u0327|x", ".", ","},
  {"emoji", TRUE, FALSE, "👨\u200d👩\u200d👧\u200d👦|👩🏽\u200d🚀|🏳\ufe0f\u200d🌈|❤\ufe0f\u200d🔥|🇩🇪|👍🏿|🐻\u200d❄\ufe0f", "。", "，"},
};

static const char *const presets[] = { "plain", "netflix", "bbc" };

/* Sentences --------------------------------------------------------------------------------------------------------------- */

/* A sentence, its characters in order without blanks. (transfer full) */
static char *
make_sentence (const Script *script, char **characters, guint n, GRand *random, GPtrArray *made)
{
  GString *text = g_string_new (NULL);
  guint words = (guint) g_rand_int_range (random, 1, g_rand_boolean (random) ? 8 : 30);

  for (guint word = 0; word < words; word++) {
    gint letters = g_rand_int_range (random, 0, 50) == 0 ? 60 : g_rand_int_range (random, 1, 12);

    for (gint i = 0; i < letters; i++) {
      const char *character = characters[g_rand_int_range (random, 0, (gint32) n)];

      g_string_append (text, character);
      g_ptr_array_add (made, g_strdup (character));
    }
    if (word + 1 == words || g_rand_int_range (random, 0, 6) == 0) {
      const char *mark = word + 1 == words ? script->end : script->comma;

      g_string_append (text, mark);
      g_ptr_array_add (made, g_strdup (mark));
    }
    if (script->blanks && word + 1 < words)
      g_string_append_c (text, ' ');
  }
  return g_string_free (text, FALSE);
}

/* Properties -------------------------------------------------------------------------------------------------------------- */

/* The line's characters are the next ones that were made. Counts them and their share of a full line, and the seconds to read them. */
static double
check_line (const char *line, GPtrArray *made, guint *next, const Script *script, const L4CueRules *rules, double *seconds)
{
  double fill = 0;

  while (*line != '\0' && strcmp (line, "…") != 0) {
    const char *character;
    gboolean wide;

    if (*line == ' ') {
      line++;
      fill += 1.0 / rules->columns;
      *seconds += 1 / rules->speed;
      continue;
    }
    g_assert_cmpuint (*next, <, made->len);
    character = g_ptr_array_index (made, (*next)++);
    g_assert_true (g_str_has_prefix (line, character));         /* a whole one */
    line += strlen (character);
    wide = script->wide && strchr (".,", *character) == NULL;
    fill += 1.0 / (wide ? rules->wide_columns : rules->columns);
    *seconds += 1 / (wide ? rules->wide_speed : rules->speed);
  }
  return *line == '\0' ? fill : fill + 1.0 / rules->columns;
}

/* Of one sentence's cues: lines and their text. Tells whether it was cut, and the reading time in all. */
static gboolean
check_text (GPtrArray *cues, GPtrArray *made, const Script *script, const L4CueRules *rules, guint fast)
{
  guint next = 0, seen_fast = 0;
  gboolean cut = FALSE;

  for (guint i = 0; i < cues->len; i++) {
    const L4Cue *cue = g_ptr_array_index (cues, i);
    double seconds = 0;

    g_assert_cmpuint (g_strv_length (cue->lines), >=, 1);
    g_assert_cmpuint (g_strv_length (cue->lines), <=, rules->lines);
    for (guint line = 0; cue->lines[line] != NULL; line++) {
      g_assert_true (g_utf8_validate (cue->lines[line], -1, NULL));
      g_assert_false (g_str_has_prefix (cue->lines[line], " ") || g_str_has_suffix (cue->lines[line], " "));
      g_assert_true (*cue->lines[line] != '\0');
      g_assert_cmpfloat (check_line (cue->lines[line], made, &next, script, rules, &seconds), <=, 1 + 1e-9);
      cut = g_str_has_suffix (cue->lines[line], "…");
    }
    seen_fast += seconds > (double) (cue->end - cue->start) / SECOND + 1e-6;
  }
  g_assert_cmpuint (seen_fast, <=, fast);       /* those that are, are counted */
  g_assert_true (cut ? next < made->len : next == made->len);   /* nothing is lost unless an ellipsis says so */
  return cut;
}

/* Of all cues: order, gaps, durations. */
static void
check_times (GPtrArray *cues, guint64 start, guint64 end, const L4CueRules *rules)
{
  g_assert_cmpuint (cues->len, >, 0);
  for (guint i = 0; i < cues->len; i++) {
    const L4Cue *cue = g_ptr_array_index (cues, i);

    g_assert_cmpuint (cue->start, >=, start);
    g_assert_cmpuint (cue->end, <=, end);
    g_assert_cmpuint (cue->end - cue->start, >=, MIN (rules->shortest, end - start));
    g_assert_cmpuint (cue->end - cue->start, <=, rules->longest);
    if (i > 0)
      g_assert_cmpuint (cue->start, >=, ((L4Cue *) g_ptr_array_index (cues, i - 1))->end + rules->gap);
  }
}

static void
test_sentences_keep_every_rule (gconstpointer data)
{
  const Script *script = data;
  g_auto (GStrv) characters = g_strsplit (script->characters, "|", -1);
  GRand *random = g_rand_new_with_seed (7);
  guint n_fast = 0, n_cut = 0;

  for (guint round = 0; round < SENTENCES * G_N_ELEMENTS (presets); round++) {
    const L4CueRules *rules = l4_cue_rules (presets[round % G_N_ELEMENTS (presets)]);
    g_autoptr (GPtrArray) made = g_ptr_array_new_with_free_func (g_free), cues = NULL;
    g_autofree char *text = make_sentence (script, characters, g_strv_length (characters), random, made);
    guint64 start = (guint64) g_rand_int_range (random, 0, 1000000) * MS, length = (guint64) g_rand_int_range (random, 100, 30000) * MS;
    g_autoptr (L4CueMaker) maker = l4_cue_maker_new (rules);
    guint fast, cut;

    l4_cue_maker_add (maker, start, start + length, text);
    cues = l4_cue_maker_finish (maker);
    l4_cue_maker_get_counts (maker, &fast, &cut);
    check_times (cues, start, start + length, rules);
    g_assert_cmpuint (check_text (cues, made, script, rules, fast), ==, cut);
    n_fast += fast > 0;
    n_cut += cut;
  }
  g_assert_cmpuint (n_fast, >, 0);      /* both happened */
  g_assert_cmpuint (n_cut, >, 0);
  g_rand_free (random);
}

/* What a reader needs is kept wherever it can be: the text is not faster than the rules say where there is half as much time again. */
static void
test_speed_gives_way_only_where_it_must (void)
{
  const Script *script = &scripts[0];
  g_auto (GStrv) characters = g_strsplit (script->characters, "|", -1);
  GRand *random = g_rand_new_with_seed (8);

  for (guint round = 0; round < SENTENCES; round++) {
    const L4CueRules *rules = l4_cue_rules (presets[round % G_N_ELEMENTS (presets)]);
    g_autoptr (GPtrArray) made = g_ptr_array_new_with_free_func (g_free), cues = NULL;
    g_autofree char *text = make_sentence (script, characters, g_strv_length (characters), random, made);
    guint64 length = (guint64) (1.5 * (double) g_utf8_strlen (text, -1) / rules->speed * SECOND) + 2 * rules->shortest;
    g_autoptr (L4CueMaker) maker = l4_cue_maker_new (rules);
    guint fast, cut;

    l4_cue_maker_add (maker, 0, length, text);
    cues = l4_cue_maker_finish (maker);
    l4_cue_maker_get_counts (maker, &fast, &cut);
    g_assert_cmpuint (fast, ==, 0);
    g_assert_cmpuint (cut, ==, 0);
  }
  g_rand_free (random);
}

/* A film's sentences: windows one after the other, some short, some with a hole between them, some that overlap. */
static void
test_a_films_cues_are_apart_and_in_order (void)
{
  GRand *random = g_rand_new_with_seed (9);

  for (guint round = 0; round < 300; round++) {
    const L4CueRules *rules = l4_cue_rules (presets[round % G_N_ELEMENTS (presets)]);
    g_autoptr (L4CueMaker) maker = l4_cue_maker_new (rules);
    g_autoptr (GPtrArray) cues = NULL;
    guint64 at = 0;
    guint sentences = 0, all = 0;

    for (guint i = 0; i < 30; i++) {
      guint64 length = (guint64) g_rand_int_range (random, g_rand_int_range (random, 0, 4) == 0 ? 40 : 2000, 6000) * MS;

      if (g_rand_int_range (random, 0, 5) == 0)
        at += (guint64) g_rand_int_range (random, 0, 500) * MS;
      l4_cue_maker_add (maker, at, at + length + (g_rand_int_range (random, 0, 5) == 0 ? 300 * MS : 0), "A red circle moves right.");
      sentences++;
      at += length;
    }
    cues = l4_cue_maker_finish (maker);
    for (guint i = 0; i < cues->len; i++) {
      const L4Cue *cue = g_ptr_array_index (cues, i), *before = i > 0 ? g_ptr_array_index (cues, i - 1) : NULL;

      g_assert_cmpuint (cue->start, <, cue->end);
      g_assert_cmpuint (cue->end - cue->start, <=, rules->longest);
      if (before != NULL) {
        g_assert_cmpuint (cue->start, >=, before->end);
        g_assert_true (cue->start - before->end <= rules->gap || cue->start - before->end >= rules->pause);
      }
      all += strstr (cue->lines[0], "A red") != NULL;
    }
    g_assert_cmpuint (all, ==, sentences);
    g_assert_cmpuint (((L4Cue *) g_ptr_array_index (cues, cues->len - 1))->end, <=, at + 300 * MS);
  }
  g_rand_free (random);
}

static GPtrArray *
make_cues (const L4CueRules *rules, const guint64 *times, guint n)
{
  g_autoptr (L4CueMaker) maker = l4_cue_maker_new (rules);

  for (guint i = 0; i < n; i++)
    l4_cue_maker_add (maker, times[2 * i] * MS, times[2 * i + 1] * MS, "A red circle moves right.");
  return l4_cue_maker_finish (maker);
}

static void
test_a_stretch_too_short_for_a_cue_borrows_of_its_neighbour (void)
{
  const L4CueRules *rules = l4_cue_rules ("plain");
  const guint64 next[] = { 0, 4000, 4000, 4300, 4300, 8000 }, before[] = { 0, 4000, 4000, 4200 }, alone[] = { 0, 300 };
  const guint64 crowd[] = { 0, 300, 300, 600, 600, 900 };
  g_autoptr (GPtrArray) a = make_cues (rules, next, 3), b = make_cues (rules, before, 2), c = make_cues (rules, alone, 1);
  g_autoptr (GPtrArray) d = make_cues (rules, crowd, 3);
  L4Cue **cues = (L4Cue **) a->pdata;

  g_assert_cmpuint (a->len, ==, 3);
  g_assert_cmpuint (cues[1]->start, ==, 4000 * MS);
  g_assert_cmpuint (cues[1]->end - cues[1]->start, ==, rules->shortest);
  g_assert_cmpuint (cues[2]->start, ==, cues[1]->end + rules->gap);
  g_assert_cmpuint (cues[2]->end, ==, 8000 * MS);
  cues = (L4Cue **) b->pdata;
  g_assert_cmpuint (b->len, ==, 2);
  g_assert_cmpuint (cues[1]->end, ==, 4200 * MS);
  g_assert_cmpuint (cues[1]->end - cues[1]->start, ==, rules->shortest);
  g_assert_cmpuint (cues[0]->end + rules->gap, ==, cues[1]->start);
  cues = (L4Cue **) c->pdata;
  g_assert_cmpuint (c->len, ==, 1);
  g_assert_cmpuint (cues[0]->end, ==, 300 * MS);
  g_assert_cmpuint (d->len, ==, 3);     /* nobody has any to give */
}

/* Breaks ------------------------------------------------------------------------------------------------------------------ */

/* lines with a / between them, cues with a // */
static void
assert_breaks (const char *text, double seconds, const char *expected)
{
  g_autoptr (L4CueMaker) maker = l4_cue_maker_new (l4_cue_rules ("plain"));
  g_autoptr (GPtrArray) cues = NULL;
  g_autoptr (GString) all = g_string_new (NULL);

  l4_cue_maker_add (maker, 0, (guint64) (seconds * SECOND), text);
  cues = l4_cue_maker_finish (maker);
  for (guint i = 0; i < cues->len; i++) {
    g_autofree char *lines = g_strjoinv (" / ", ((L4Cue *) g_ptr_array_index (cues, i))->lines);

    g_string_append_printf (all, "%s%s", i > 0 ? " // " : "", lines);
  }
  g_assert_cmpstr (all->str, ==, expected);
}

static void
test_lines_end_where_clauses_do (void)
{
  assert_breaks ("A red circle moves right.", 4, "A red circle moves right.");
  assert_breaks ("A red circle moves right on a white background.", 4, "A red circle moves right / on a white background.");
  assert_breaks ("A red triangle moves down and a blue circle moves up on a yellow background.", 5,
      "A red triangle moves down // and a blue circle moves up / on a yellow background.");
  assert_breaks ("A man opens the door. A dog, which had been waiting outside, runs in and jumps onto the sofa.", 8,
      "A man opens the door. // A dog, which had been waiting outside, / runs in and jumps onto the sofa.");
  assert_breaks ("Ein roter Kreis bewegt sich nach rechts, während ein blaues Quadrat stillsteht.", 6,
      "Ein roter Kreis bewegt sich nach rechts, / während ein blaues Quadrat stillsteht.");
  assert_breaks ("一个红色圆形在白色背景上移动，一个蓝色方块静止不动。", 6, "一个红色圆形在白色背景上移动， / 一个蓝色方块静止不动。");
}

/* Articles stay with what follows, however the lines fall. */
static void
test_no_line_ends_with_an_article (void)
{
  static const char *const nouns[] = { "dog", "elephant", "red car", "house", "man", "extraordinary woman", "tree" };
  static const char *const verbs[] = { "sees", "approaches", "walks with", "jumps over", "is behind", "and" };
  GRand *random = g_rand_new_with_seed (10);

  for (guint round = 0; round < SENTENCES; round++) {
    GString *text = g_string_new ("The man");
    g_autoptr (L4CueMaker) maker = l4_cue_maker_new (l4_cue_rules ("plain"));
    g_autoptr (GPtrArray) cues = NULL;

    for (gint i = g_rand_int_range (random, 1, 12); i > 0; i--)
      g_string_append_printf (text, " %s %s %s", verbs[g_rand_int_range (random, 0, G_N_ELEMENTS (verbs))], g_rand_boolean (random) ? "the" : "a",
          nouns[g_rand_int_range (random, 0, G_N_ELEMENTS (nouns))]);
    l4_cue_maker_add (maker, 0, 60 * SECOND, text->str);
    cues = l4_cue_maker_finish (maker);
    for (guint i = 0; i < cues->len; i++)
      for (char **line = ((L4Cue *) g_ptr_array_index (cues, i))->lines; *line != NULL; line++)
        g_assert_false (g_str_has_suffix (*line, " the") || g_str_has_suffix (*line, " a") || strcmp (*line, "a") == 0);
    g_string_free (text, TRUE);
  }
  g_rand_free (random);
}

static void
test_text_beyond_its_time_ends_with_an_ellipsis (void)
{
  assert_breaks ("one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen", 1,
      "one two three four five six seven eight / nine ten eleven twelve thirteen fourteen…");
}

/* A hundred thousand letters, and a letter with as many accents. */
static void
test_text_without_end_is_cut_at_once (void)
{
  g_autoptr (L4CueMaker) maker = l4_cue_maker_new (l4_cue_rules ("plain"));
  g_autoptr (GString) letters = g_string_new (NULL), accents = g_string_new ("e");
  g_autoptr (GPtrArray) cues = NULL;
  gint64 begin = g_get_monotonic_time ();
  guint fast, cut;

  for (guint i = 0; i < 100000; i++) {
    g_string_append_c (letters, 'a');
    g_string_append (accents, "\u0301");
  }
  l4_cue_maker_add (maker, 0, 4 * SECOND, letters->str);
  l4_cue_maker_add (maker, 4 * SECOND, 8 * SECOND, accents->str);
  cues = l4_cue_maker_finish (maker);
  l4_cue_maker_get_counts (maker, &fast, &cut);
  g_assert_cmpuint (cut, ==, 1);
  g_assert_cmpuint (strlen (((L4Cue *) g_ptr_array_index (cues, cues->len - 1))->lines[0]), <, 100);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 10 * G_USEC_PER_SEC);
}

static void
test_any_text_and_any_rules_end (void)
{
  GRand *random = g_rand_new_with_seed (11);

  for (guint round = 0; round < 3000; round++) {
    L4CueRules rules = *l4_cue_rules ("plain");
    g_autoptr (L4CueMaker) maker = NULL;
    g_autoptr (GPtrArray) cues = NULL;
    gchar bytes[120];
    gint n = g_rand_int_range (random, 0, sizeof bytes);

    for (gint i = 0; i < n; i++)
      bytes[i] = (gchar) g_rand_int_range (random, 0, g_rand_boolean (random) ? 128 : 256);
    rules.lines = (guint) g_rand_int_range (random, 1, 4);
    rules.columns = (guint) g_rand_int_range (random, 10, 90);
    rules.wide_columns = (guint) g_rand_int_range (random, 5, 40);
    rules.speed = g_rand_double_range (random, 1, 100);
    maker = l4_cue_maker_new (&rules);
    for (guint i = 0; i < 3; i++) {
      g_autofree char *text = g_strndup (bytes, (gsize) n);

      l4_cue_maker_add (maker, i * SECOND, (i + 1) * SECOND, text);
    }
    cues = l4_cue_maker_finish (maker);
    for (guint i = 0; i < cues->len; i++)
      g_assert_cmpuint (g_strv_length (((L4Cue *) g_ptr_array_index (cues, i))->lines), <=, rules.lines);
  }
  g_rand_free (random);
}

/* Two sentences at these times (milliseconds); where the first one's cue ends, and the second one's begins. */
static void
assert_pause (const char *preset, guint start, guint end, guint next, guint shown, guint again)
{
  g_autoptr (L4CueMaker) maker = l4_cue_maker_new (l4_cue_rules (preset));
  g_autoptr (GPtrArray) cues = NULL;

  l4_cue_maker_add (maker, start * MS, end * MS, "A red circle moves.");
  l4_cue_maker_add (maker, next * MS, (next + 4000) * MS, "A blue one stands still.");
  cues = l4_cue_maker_finish (maker);
  g_assert_cmpuint (cues->len, ==, 2);
  g_assert_cmpuint ((((L4Cue *) cues->pdata[0])->end + MS - 1) / MS, ==, shown);
  g_assert_cmpuint (((L4Cue *) cues->pdata[1])->start / MS, ==, again);
}

static void
test_pauses_are_long_or_none (void)
{
  assert_pause ("bbc", 0, 4000, 4300, 4300, 4300);
  assert_pause ("bbc", 0, 4000, 4999, 4999, 4999);
  assert_pause ("bbc", 0, 4000, 5000, 4000, 5000);
  assert_pause ("bbc", 0, 7500, 7500, 6500, 7500);      /* it may not be shown so long */
  assert_pause ("netflix", 0, 4000, 4500, 4417, 4500);  /* two frames before */
  assert_pause ("netflix", 0, 4000, 4600, 4000, 4600);
  assert_pause ("netflix", 0, 7200, 7200, 6700, 7200);
  assert_pause ("plain", 0, 4000, 4300, 4000, 4300);
}

static void
assert_rules (const char *preset, const char *tag, guint columns, guint wide_columns, double speed, double wide_speed)
{
  L4CueRules rules;

  l4_cue_rules_for (preset, tag, &rules);
  g_assert_cmpuint (rules.columns, ==, columns);
  g_assert_cmpuint (rules.wide_columns, ==, wide_columns);
  g_assert_cmpfloat (rules.speed, ==, speed);
  g_assert_cmpfloat (rules.wide_speed, ==, wide_speed);
  g_assert_cmpuint (rules.longest, ==, l4_cue_rules (preset)->longest);
}

static void
test_netflix_has_figures_for_languages (void)
{
  assert_rules ("netflix", NULL, 42, 16, 20, 9);
  assert_rules ("netflix", "en-GB", 42, 16, 20, 9);
  assert_rules ("netflix", "de", 42, 16, 17, 9);
  assert_rules ("netflix", "und", 42, 16, 17, 9);
  assert_rules ("netflix", "ja", 42, 13, 17, 4);
  assert_rules ("netflix", "KO-kr", 42, 16, 17, 12);
  assert_rules ("netflix", "zh-Hans", 42, 16, 17, 9);
  assert_rules ("netflix", "ru", 39, 16, 17, 9);
  assert_rules ("netflix", "rup", 42, 16, 17, 9);
  assert_rules ("netflix", "th", 35, 16, 17, 9);
  assert_rules ("plain", "ja", 42, 16, 17, 9);
  assert_rules ("bbc", "de", 37, 16, 16, 9);
}

static void
test_presets_are_known_by_name (void)
{
  g_assert_cmpuint (l4_cue_rules ("plain")->columns, ==, 42);
  g_assert_cmpfloat (l4_cue_rules ("netflix")->speed, ==, 20);
  g_assert_cmpuint (l4_cue_rules ("bbc")->columns, ==, 37);
  g_assert_null (l4_cue_rules ("Netflix "));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (scripts); i++) {
    g_autofree char *path = g_strconcat ("/cues/sentences-keep-every-rule/", scripts[i].name, NULL);

    g_test_add_data_func (path, &scripts[i], test_sentences_keep_every_rule);
  }
  g_test_add_func ("/cues/speed-gives-way-only-where-it-must", test_speed_gives_way_only_where_it_must);
  g_test_add_func ("/cues/a-films-cues-are-apart-and-in-order", test_a_films_cues_are_apart_and_in_order);
  g_test_add_func ("/cues/a-stretch-too-short-for-a-cue-borrows-of-its-neighbour", test_a_stretch_too_short_for_a_cue_borrows_of_its_neighbour);
  g_test_add_func ("/cues/lines-end-where-clauses-do", test_lines_end_where_clauses_do);
  g_test_add_func ("/cues/no-line-ends-with-an-article", test_no_line_ends_with_an_article);
  g_test_add_func ("/cues/text-beyond-its-time-ends-with-an-ellipsis", test_text_beyond_its_time_ends_with_an_ellipsis);
  g_test_add_func ("/cues/text-without-end-is-cut-at-once", test_text_without_end_is_cut_at_once);
  g_test_add_func ("/cues/any-text-and-any-rules-end", test_any_text_and_any_rules_end);
  g_test_add_func ("/cues/pauses-are-long-or-none", test_pauses_are_long_or_none);
  g_test_add_func ("/cues/netflix-has-figures-for-languages", test_netflix_has_figures_for_languages);
  g_test_add_func ("/cues/presets-are-known-by-name", test_presets_are_known_by_name);
  return g_test_run ();
}
