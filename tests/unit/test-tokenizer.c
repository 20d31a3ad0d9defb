/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text becomes the ids that the reference gives it, whichever file the tokenizer was read from, and those become the text. */

#include <time.h>

#include "support/vocabulary.h"

#ifdef __SANITIZE_ADDRESS__
#define SLOWER 10
#else
#define SLOWER 1
#endif

/* Fixtures: the folder with the same vocabulary in three formats. */
typedef struct
{
  Folder *folder;
  L4Tokenizer *json, *ranks, *gguf;
} Formats;

static void
formats_set_up (Formats *self, gconstpointer data)
{
  g_autofree char *path = golden_tokenizer_path ();
  g_autoptr (Vocabulary) vocabulary = vocabulary_new ();
  g_autoptr (GByteArray) gguf = vocabulary_to_gguf (vocabulary);
  g_autoptr (GString) ranks = NULL;
  g_autofree char *ranks_path = NULL, *gguf_path = NULL;

  self->folder = folder_new ();
  self->json = load_good_tokenizer (path);
  ranks = ranks_of (self->json);
  ranks_path = folder_write (self->folder, "tokenizer.model", ranks->str, (gssize) ranks->len);
  self->ranks = load_good_tokenizer (ranks_path);
  gguf_path = folder_write (self->folder, "vocabulary.gguf", gguf->data, (gssize) gguf->len);
  self->gguf = load_good_tokenizer (gguf_path);
}

static void
formats_tear_down (Formats *self, gconstpointer data)
{
  l4_tokenizer_free (self->json);
  l4_tokenizer_free (self->ranks);
  l4_tokenizer_free (self->gguf);
  folder_free (self->folder);
}

/* (transfer full) */
static GArray *
encode (const L4Tokenizer *tokenizer, const char *text, gsize length)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GError) error = NULL;

  l4_tokenizer_encode (tokenizer, text, (gssize) length, ids, &error);
  g_assert_no_error (error);
  return ids;
}

static void
assert_decodes_to (const L4Tokenizer *tokenizer, const GArray *ids, const char *text, gsize length)
{
  g_autoptr (GString) back = g_string_sized_new (length);

  for (guint i = 0; i < ids->len; i++) {
    g_assert_false (l4_tokenizer_is_special (tokenizer, g_array_index (ids, gint32, i)));
    l4_tokenizer_decode (tokenizer, g_array_index (ids, gint32, i), FALSE, back);
  }
  g_assert_cmpmem (back->str, back->len, text, length);
}

static void
test_ids_equal_the_reference (Formats *self, gconstpointer data)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "tokenizer", "vectors.json", NULL);
  const L4Tokenizer *const all[] = { self->json, self->ranks, self->gguf };
  yyjson_doc *doc = yyjson_read_file (path, 0, NULL, NULL);
  yyjson_val *vector;
  size_t index, count;

  yyjson_arr_foreach (yyjson_doc_get_root (doc), index, count, vector) {
    yyjson_val *text = yyjson_obj_get (vector, "text"), *expected = yyjson_obj_get (vector, "ids");

    for (guint t = 0; t < G_N_ELEMENTS (all); t++) {
      g_autoptr (GArray) ids = encode (all[t], yyjson_get_str (text), yyjson_get_len (text));

      g_assert_cmpuint (ids->len, ==, yyjson_arr_size (expected));
      for (guint i = 0; i < ids->len; i++)
        g_assert_cmpint (g_array_index (ids, gint32, i), ==, yyjson_get_int (yyjson_arr_get (expected, i)));
      assert_decodes_to (all[t], ids, yyjson_get_str (text), yyjson_get_len (text));
    }
  }
  g_assert_cmpuint (count, >=, 300);
  yyjson_doc_free (doc);
}

/* Sequences of syllables, blanks, digits and signs that are far from what the vocabulary was made of. */
static void
test_formats_agree_on_random_text (Formats *self, gconstpointer data)
{
  static const char *const parts[] = {
    "the", "The", "THE", " h", "e", "in", "ing", " a", "and ", "n't", "'S", "'ll", " ", "  ", "\n", "\r\n", "\t", "1", "999", "!",
    "…", "/", "//", "ä", "Ä", "zw", "ölf", "日本", "\342\200\215", "\360\237\231\202", "\314\201", "\302\240", "\342\200\250", "ǅ", "ʰ",
    "٣", "<|eot|>", "ſ", "İ",
  };
  GRand *random = g_rand_new_with_seed (7);

  for (guint round = 0; round < 3000; round++) {
    g_autoptr (GString) text = g_string_new (NULL);
    g_autoptr (GArray) json = NULL, ranks = NULL, gguf = NULL;

    for (gint n = g_rand_int_range (random, 0, 40); n > 0; n--)
      g_string_append (text, parts[g_rand_int_range (random, 0, G_N_ELEMENTS (parts))]);
    json = encode (self->json, text->str, text->len);
    ranks = encode (self->ranks, text->str, text->len);
    gguf = encode (self->gguf, text->str, text->len);
    g_assert_cmpmem (json->data, json->len * sizeof (gint32), gguf->data, gguf->len * sizeof (gint32));
    g_assert_cmpmem (json->data, json->len * sizeof (gint32), ranks->data, ranks->len * sizeof (gint32));
    assert_decodes_to (self->json, json, text->str, text->len);
  }
  g_rand_free (random);
}

/* 1,112,064 of them, NUL included, by themselves and between others. */
static void
test_every_code_point_comes_back (Formats *self, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GArray) ids = NULL;

  for (gunichar character = 0; character <= 0x10ffff; character++)
    if (character < 0xd800 || character > 0xdfff) {
      char bytes[6];

      g_string_append_len (text, bytes, g_unichar_to_utf8 (character, bytes));
      if (character % 5 == 0)
        g_string_append (text, " a");
    }
  ids = encode (self->json, text->str, text->len);
  assert_decodes_to (self->json, ids, text->str, text->len);
}

static void
test_text_spelled_like_special_tokens_stays_text (Formats *self, gconstpointer data)
{
  const L4Tokenizer *const all[] = { self->json, self->ranks, self->gguf };

  for (guint t = 0; t < G_N_ELEMENTS (all); t++)
    for (gint32 id = 0; id < (gint32) l4_tokenizer_get_size (all[t]); id++) {
      g_autoptr (GString) name = g_string_new (NULL);
      g_autofree char *inside = NULL, *twice = NULL;
      const char *spellings[3];

      if (!l4_tokenizer_is_special (all[t], id))
        continue;
      l4_tokenizer_decode (all[t], id, TRUE, name);
      g_assert_cmpint (l4_tokenizer_find_special (all[t], name->str), ==, id);
      inside = g_strdup_printf ("a%sb", name->str);
      twice = g_strdup_printf ("\n\n%s %s", name->str, name->str);
      spellings[0] = name->str;
      spellings[1] = inside;
      spellings[2] = twice;
      for (guint s = 0; s < 3; s++) {
        g_autoptr (GArray) ids = encode (all[t], spellings[s], strlen (spellings[s]));

        assert_decodes_to (all[t], ids, spellings[s], strlen (spellings[s]));
      }
    }
}

static void
test_special_tokens_after_ranks_have_the_published_ids (Formats *self, gconstpointer data)
{
  static const struct
  {
    const char *name;
    gint32 place;               /* after the last rank */
  } published[] = {
    {"<|begin_of_text|>", 0}, {"<|end_of_text|>", 1}, {"<|fim_prefix|>", 2}, {"<|fim_middle|>", 3}, {"<|fim_suffix|>", 4},
    {"<|header_start|>", 5}, {"<|header_end|>", 6}, {"<|eom|>", 7}, {"<|eot|>", 8}, {"<|step|>", 9},
    {"<|text_post_train_reserved_special_token_0|>", 10}, {"<|text_post_train_reserved_special_token_5|>", 15},
    {"<|python_start|>", 16}, {"<|python_end|>", 17}, {"<|finetune_right_pad|>", 18},
    {"<|text_post_train_reserved_special_token_8|>", 19}, {"<|text_post_train_reserved_special_token_68|>", 79},
    {"<|image_start|>", 80}, {"<|image_end|>", 81}, {"<|vision_reserved_special_token_0|>", 82},
    {"<|vision_reserved_special_token_1|>", 83}, {"<|tile_x_separator|>", 84}, {"<|tile_y_separator|>", 85},
    {"<|vision_reserved_special_token_2|>", 86}, {"<|vision_reserved_special_token_5|>", 89}, {"<|image|>", 90},
    {"<|vision_reserved_special_token_6|>", 91}, {"<|patch|>", 92}, {"<|vision_reserved_special_token_7|>", 93},
    {"<|vision_reserved_special_token_1047|>", 1133}, {"<|reasoning_reserved_special_token_0|>", 1134},
    {"<|reasoning_reserved_special_token_7|>", 1141}, {"<|reasoning_thinking_start|>", 1142},
    {"<|reasoning_thinking_end|>", 1143}, {"<|reserved_special_token_0|>", 1144}, {"<|reserved_special_token_903|>", 2047},
  };
  gint32 n = l4_tokenizer_find_special (self->json, "<|begin_of_text|>");

  g_assert_cmpuint (l4_tokenizer_get_size (self->ranks), ==, (guint) n + 2048);
  for (guint i = 0; i < G_N_ELEMENTS (published); i++)
    g_assert_cmpint (l4_tokenizer_find_special (self->ranks, published[i].name), ==, n + published[i].place);
  g_assert_cmpint (l4_tokenizer_find_special (self->ranks, "<|text_post_train_reserved_special_token_6|>"), ==, -1);
  g_assert_cmpint (l4_tokenizer_find_special (self->ranks, "a"), ==, -1);
}

static void
test_both_spellings_of_padding_are_found (Formats *self, gconstpointer data)
{
  const L4Tokenizer *const all[] = { self->json, self->ranks, self->gguf };

  for (guint t = 0; t < G_N_ELEMENTS (all); t++) {
    gint32 id = l4_tokenizer_find_special (all[t], "<|finetune_right_pad|>");

    g_assert_cmpint (id, >=, 0);
    g_assert_cmpint (l4_tokenizer_find_special (all[t], "<|finetune_right_pad_id|>"), ==, id);
  }
}

static void
test_a_folder_offers_its_json_first (Formats *self, gconstpointer data)
{
  g_autoptr (L4Tokenizer) ranks = load_good_tokenizer (self->folder), json = NULL;
  g_autofree char *text = NULL, *golden = golden_tokenizer_path (), *path = NULL;
  gsize length;

  g_assert_true (g_str_has_suffix (l4_tokenizer_get_path (ranks), "tokenizer.model"));
  g_assert_cmpuint (l4_tokenizer_get_size (ranks), ==, l4_tokenizer_get_size (self->ranks));
  g_assert_true (g_file_get_contents (golden, &text, &length, NULL));
  path = folder_write (self->folder, "tokenizer.json", text, (gssize) length);
  json = load_good_tokenizer (self->folder);
  g_assert_cmpstr (l4_tokenizer_get_path (json), ==, path);
  g_assert_cmpuint (l4_tokenizer_get_size (json), ==, l4_tokenizer_get_size (self->json));
}

/* Whatever it is called. */
static void
test_content_shows_which_kind_a_file_is (Formats *self, gconstpointer data)
{
  static const char *const names[] = { "tokenizer.model", "vocabulary.gguf" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_build_filename (self->folder, names[i], NULL), *other = g_build_filename (self->folder, "x", NULL);
    g_autoptr (L4Tokenizer) one = load_good_tokenizer (path), again = NULL;

    g_assert_cmpint (g_rename (path, other), ==, 0);
    again = load_good_tokenizer (other);
    g_assert_cmpuint (l4_tokenizer_get_size (one), ==, l4_tokenizer_get_size (again));
  }
}

static void
test_invalid_utf8_is_refused_with_its_place (Formats *self, gconstpointer data)
{
  static const struct
  {
    const char *text;
    gsize length;
    const char *words;
  } cases[] = {
    {"good \xff bad", 10, "byte 5"}, {"\0\0\xc3", 3, "byte 2"}, {"\xed\xa0\x80", 3, "byte 0"}, {"a\xc0\x80", 3, "byte 1"},
    {"\xf4\x90\x80\x80", 4, "byte 0"}, {"ab\xe2\x82", 4, "byte 2"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
    g_autoptr (GError) error = NULL;

    g_assert_false (l4_tokenizer_encode (self->json, cases[i].text, (gssize) cases[i].length, ids, &error));
    g_assert_error (error, L4_ERROR, L4_ERROR_INPUT);
    assert_says (error, cases[i].words);
    g_assert_cmpuint (ids->len, ==, 0);
  }
}

static void
test_a_nul_in_text_is_a_character (Formats *self, gconstpointer data)
{
  g_autoptr (GArray) ids = encode (self->json, "a\0b\0", 4);

  assert_decodes_to (self->json, ids, "a\0b\0", 4);
}

static void
test_no_text_has_no_ids (Formats *self, gconstpointer data)
{
  g_autoptr (GArray) ids = encode (self->json, "", 0);

  g_assert_cmpuint (ids->len, ==, 0);
}

static void
test_more_text_than_allowed_is_refused (Formats *self, gconstpointer data)
{
  gsize length = (64u << 20) + 1;
  g_autofree char *text = g_strnfill (length, 'a');
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GError) error = NULL;

  g_assert_false (l4_tokenizer_encode (self->json, text, -1, ids, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_INPUT);
  assert_says (error, "67108865|67108864");
}

static void
test_unknown_ids_decode_to_nothing (Formats *self, gconstpointer data)
{
  g_autoptr (GString) bytes = g_string_new (NULL);

  l4_tokenizer_decode (self->json, -1, TRUE, bytes);
  l4_tokenizer_decode (self->json, G_MININT32, TRUE, bytes);
  l4_tokenizer_decode (self->json, G_MAXINT32, TRUE, bytes);
  l4_tokenizer_decode (self->json, (gint32) l4_tokenizer_get_size (self->json), TRUE, bytes);
  l4_tokenizer_decode (self->json, l4_tokenizer_find_special (self->json, "<|eot|>"), FALSE, bytes);
  g_assert_cmpuint (bytes->len, ==, 0);
  l4_tokenizer_decode (self->json, l4_tokenizer_find_special (self->json, "<|eot|>"), TRUE, bytes);
  g_assert_cmpstr (bytes->str, ==, "<|eot|>");
}

/* One core's second for a megabyte of it, though all of it may be a single piece. */
static void
test_a_megabyte_is_quick (gconstpointer unit)
{
  g_autofree char *path = golden_tokenizer_path ();
  g_autoptr (L4Tokenizer) tokenizer = load_good_tokenizer (path);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GArray) ids = NULL;
  clock_t start;

  while (text->len < 1000000)
    g_string_append (text, unit);
  start = clock ();
  ids = encode (tokenizer, text->str, text->len);
  g_assert_cmpfloat ((double) (clock () - start) / CLOCKS_PER_SEC, <, 1.0 * SLOWER);
  assert_decodes_to (tokenizer, ids, text->str, text->len);
}

#define ADD(name, function) g_test_add ("/tokenizer/" name, Formats, NULL, formats_set_up, function, formats_tear_down)
#define ADD_MEGABYTE(name, unit) g_test_add_data_func ("/tokenizer/a-megabyte-is-quick/" name, unit, test_a_megabyte_is_quick)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("ids-equal-the-reference", test_ids_equal_the_reference);
  ADD ("formats-agree-on-random-text", test_formats_agree_on_random_text);
  ADD ("every-code-point-comes-back", test_every_code_point_comes_back);
  ADD ("text-spelled-like-special-tokens-stays-text", test_text_spelled_like_special_tokens_stays_text);
  ADD ("special-tokens-after-ranks-have-the-published-ids", test_special_tokens_after_ranks_have_the_published_ids);
  ADD ("both-spellings-of-padding-are-found", test_both_spellings_of_padding_are_found);
  ADD ("a-folder-offers-its-json-first", test_a_folder_offers_its_json_first);
  ADD ("content-shows-which-kind-a-file-is", test_content_shows_which_kind_a_file_is);
  ADD ("invalid-utf8-is-refused-with-its-place", test_invalid_utf8_is_refused_with_its_place);
  ADD ("a-nul-in-text-is-a-character", test_a_nul_in_text_is_a_character);
  ADD ("no-text-has-no-ids", test_no_text_has_no_ids);
  ADD ("more-text-than-allowed-is-refused", test_more_text_than_allowed_is_refused);
  ADD ("unknown-ids-decode-to-nothing", test_unknown_ids_decode_to_nothing);
  ADD_MEGABYTE ("prose", "The last bus comes home at noon, and again; it isn't here in 1999?\n\n");
  ADD_MEGABYTE ("code", "  for (size_t i = 0; i < n; i++)\n\tout[i] = in[i] ^ 0x7f; /* done */\n");
  ADD_MEGABYTE ("one-letter", "a");
  ADD_MEGABYTE ("two-letters", "he");
  ADD_MEGABYTE ("spaces", " ");
  ADD_MEGABYTE ("line-ends", "\r\n");
  ADD_MEGABYTE ("emoji", "\360\237\221\251\342\200\215\360\237\221\251\342\200\215\360\237\221\247\342\200\215\360\237\221\246");
  ADD_MEGABYTE ("marks", "\314\201");
  ADD_MEGABYTE ("capitals", "A");
  ADD_MEGABYTE ("signs", "<|eot|>");
  return g_test_run ();
}
