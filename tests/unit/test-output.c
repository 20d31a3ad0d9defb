/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text from a model is made safe before anyone else sees it. */

#include <string.h>
#include <yyjson.h>

#include "output/text.h"

static void
test_code_points_wait_until_they_are_whole (void)
{
  const char *all = "a\xc3\xa4\xf0\x9f\x99\x82z";
  g_autoptr (GString) bytes = g_string_new (NULL), text = g_string_new (NULL);

  for (const char *at = all; *at != '\0'; at++) {
    g_string_append_c (bytes, *at);
    l4_text_take (bytes, FALSE, text);
    g_assert_true (g_utf8_validate (text->str, text->len, NULL));
  }
  g_assert_cmpstr (text->str, ==, all);
  g_assert_cmpuint (bytes->len, ==, 0);
}

static void
test_invalid_bytes_become_replacement_characters (void)
{
  g_autoptr (GString) bytes = g_string_new_len ("a\xff\0b\xc3", 5), text = g_string_new (NULL);

  l4_text_take (bytes, FALSE, text);
  g_assert_cmpstr (text->str, ==, "a\357\277\275\357\277\275b");
  l4_text_take (bytes, TRUE, text);
  g_assert_cmpstr (text->str, ==, "a\357\277\275\357\277\275b\357\277\275");
}

/* What a model begins and never ends holds up nothing. */
static void
test_a_character_that_a_nul_cuts_short_is_not_waited_for (void)
{
  g_autoptr (GString) bytes = g_string_new_len ("a\xc3\0z", 4), text = g_string_new (NULL);

  l4_text_take (bytes, FALSE, text);
  g_assert_cmpstr (text->str, ==, "a\357\277\275\357\277\275z");
  g_assert_cmpuint (bytes->len, ==, 0);
}

static void
test_lines_are_one_line_of_visible_text (void)
{
  static const struct
  {
    const char *in, *out;
  } cases[] = {
    {"  a \n\n b\t\r\nc  ", "a b c"}, {"", ""}, {"\n \t", ""}, {"x\xe2\x80\xaey", "xy"}, {"a\x1b[31mb\x7f", "a[31mb"},
    {"a\xe2\x80\xa8" "b\xc2\x85" "c", "a b c"}, {"\xef\xbb\xbfz\xe2\x80\x8b", "z"}, {"\xe2\x81\xa6q\xe2\x81\xa9", "q"},
    {"\xc3\xa4 \xf0\x9f\x99\x82 <b>&", "\xc3\xa4 \xf0\x9f\x99\x82 <b>&"}, {"bad\xff", "bad\xef\xbf\xbd"},
    {"00:00:01,000 --> 00:00:02,000", "00:00:01,000 -> 00:00:02,000"}, {"a---->b", "a->b"}, {"-->", "->"}, {"--\xe2\x80\x8b>", "->"},
    {"-- >", "-- >"}, {"->>", "->>"}, {"\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xb1", "\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xb1"},
    {"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *line = l4_text_to_line (cases[i].in, -1);

    g_assert_cmpstr (line, ==, cases[i].out);
  }
}

static void
test_records_are_one_line_of_json_whatever_the_text (void)
{
  const guint64 frames[] = { 0, 1333333333, G_MAXUINT64 };
  const L4ModelInfo model = {.name = "a \"model\"\n",.digest = "sha256:0",.quantization = "bf16" };
  const L4Answer answer = {.text = (char *) "say \"hi\"\n\\ <|eot|> \xe2\x80\xae",.prompt_digest = (char *) "sha256:1",
    .prompt_tokens = 120,.generated_tokens = 9,.vision_us = 1500,.finish = L4_FINISH_LENGTH
  };
  const L4Record record = { 4000000000, 8000000000, frames, 3, &model, &answer, 250 };
  g_autofree char *json = l4_record_to_json (&record);
  yyjson_doc *doc = yyjson_read (json, strlen (json), 0);
  yyjson_val *root = yyjson_doc_get_root (doc);

  g_assert_nonnull (root);
  g_assert_null (strchr (json, '\n'));
  g_assert_cmpuint (yyjson_get_uint (yyjson_obj_get (root, "start")), ==, 4000000000);
  g_assert_cmpuint (yyjson_get_uint (yyjson_obj_get (root, "end")), ==, 8000000000);
  g_assert_cmpuint (yyjson_arr_size (yyjson_obj_get (root, "frames")), ==, 3);
  g_assert_cmpstr (yyjson_get_str (yyjson_obj_get (root, "text")), ==, "say \"hi\" \\ <|eot|>");
  g_assert_cmpstr (yyjson_get_str (yyjson_obj_get (yyjson_obj_get (root, "model"), "name")), ==, "a \"model\"");
  g_assert_cmpuint (yyjson_get_uint (yyjson_obj_get (yyjson_obj_get (root, "tokens"), "generated")), ==, 9);
  g_assert_cmpfloat (yyjson_get_num (yyjson_obj_get (yyjson_obj_get (root, "ms"), "vision")), ==, 1.5);
  g_assert_cmpstr (yyjson_get_str (yyjson_obj_get (root, "finish")), ==, "length");
  yyjson_doc_free (doc);
}

/* What a terminal would obey is escaped; the value is the same. */
static void
test_values_are_json_that_no_terminal_obeys (void)
{
  static const char *const same[] = { "{\"a\":[1,-2.5,null,\"b\\n\\\"\"]}", "\"\"", "\"\xc3\xa4\xe4\xb8\x80\xf0\x9f\x98\x80\"" };
  const L4ModelInfo model = {.name = "m",.digest = "sha256:0",.quantization = "bf16" };
  L4Answer answer = {.text = (char *) "{\"a\":\"\x7f\xe2\x80\xae\xf3\xa0\x80\xa1x\"}",.prompt_digest = (char *) "sha256:1",.is_value = TRUE };
  const L4Record record = {.model = &model,.answer = &answer };
  g_autofree char *value = l4_answer_get_value (&answer), *json = l4_record_to_json (&record);
  yyjson_doc *doc = yyjson_read (json, strlen (json), 0);

  g_assert_cmpstr (value, ==, "{\"a\":\"\\u007f\\u202e\\udb40\\udc21x\"}");
  g_assert_cmpstr (yyjson_get_str (yyjson_ptr_get (yyjson_doc_get_root (doc), "/value/a")), ==, "\x7f\xe2\x80\xae\xf3\xa0\x80\xa1x");
  yyjson_doc_free (doc);
  for (guint i = 0; i < G_N_ELEMENTS (same); i++) {
    g_autofree char *text = NULL;

    answer.text = (char *) same[i];
    text = l4_answer_get_value (&answer);
    g_assert_cmpstr (text, ==, same[i]);
  }
}

static void
test_objects_of_records_have_their_place_and_lines_of_text (void)
{
  const L4ModelInfo model = {.name = "m",.digest = "sha256:0",.quantization = "bf16" };
  const L4Answer answer = {.text = (char *) "A yard.",.prompt_digest = (char *) "sha256:1" };
  const L4Object objects[] = {
    {G_MAXUINT64, "per\nson", 0.91239, 0.1, 0.25, 1 / 3.0, 0.5, 2500000000, 1200000000, "A \"red\"\n coat. \xff"},
    {0, NULL, 1, 0, 0, 1, 1, 0, 0, NULL},
  };
  const L4Record record = {.model = &model,.answer = &answer,.objects = objects,.n_objects = 2 };
  g_autofree char *json = l4_record_to_json (&record);

  g_assert_nonnull (strstr (json, "\"objects\":[{\"id\":18446744073709551615,\"label\":\"per son\",\"confidence\":0.9124,"
          "\"box\":[0.1,0.25,0.3333,0.5],\"time\":2500000000,\"since\":1200000000,\"text\":\"A \\\"red\\\" coat. \xef\xbf\xbd\"},"
          "{\"id\":0,\"label\":\"\",\"confidence\":1.0,\"box\":[0.0,0.0,1.0,1.0],\"time\":0,\"since\":0,\"text\":\"\"}],"));
}

static void
add_choice (const char *name, double level, gpointer user_data)
{
  g_string_append_printf (user_data, "%s:%g ", name, level);
}

static void
assert_choices (const char *schema, const char *value, gboolean is_value, const char *expected)
{
  const L4Answer answer = {.text = (char *) value,.is_value = is_value };
  g_autoptr (GString) found = g_string_new (NULL);

  l4_answer_get_choices (&answer, schema, add_choice, found);
  g_assert_cmpstr (found->str, ==, expected);
}

/* However much is said. */
static void
test_choices_are_what_the_schema_itself_names (void)
{
  static const char schema[] = "{\"$defs\":{\"state\":{\"enum\":[\"open\",\"clo\\nsed\",7,null]}},\"properties\":{\"gate\":{\"properties\":{"
      "\"state\":{\"$ref\":\"#/$defs/state\"},\"locked\":{\"type\":\"boolean\"},\"note\":{\"type\":\"string\"}}},"
      "\"seen\":{\"items\":{\"anyOf\":[{\"const\":\"cat\"},{\"type\":\"string\"}]}}}}";

  assert_choices (schema, "{\"gate\":{\"state\":\"clo\\nsed\",\"locked\":false,\"note\":\"it rains\"},\"seen\":[\"cat\",\"a dog\",\"cat\"]}", TRUE,
      "gate/state=clo sed:1 gate/locked:0 seen=cat:1 seen=cat:1 ");
  assert_choices (schema, "{\"gate\":{\"state\":\"open\"}}", FALSE, "");
  assert_choices (NULL, "{\"gate\":{\"state\":\"open\"}}", TRUE, "");
  assert_choices ("{\"enum\":[\"red\",\"blue\",true]}", "\"red\"", TRUE, "red:1 ");
  assert_choices ("{\"enum\":[\"red\",\"blue\",true]}", "true", TRUE, "");   /* it has no name */
}

/* A word that is offered elsewhere is said, not chosen. */
static void
test_choices_are_those_of_their_place (void)
{
  static const char two[] = "{\"properties\":{\"gate\":{\"enum\":[\"open\",\"closed\"]},\"shop\":{\"enum\":[\"busy\",\"closed\"]},"
      "\"note\":{\"type\":\"string\"},\"list\":{\"items\":{\"$ref\":\"#/properties/shop\"}}}}";
  static const char kinds[] = "{\"anyOf\":[{\"properties\":{\"kind\":{\"const\":\"car\"},\"what\":{\"enum\":[\"red\",\"blue\"]}},\"required\":[\"kind\"]},"
      "{\"properties\":{\"kind\":{\"const\":\"sign\"},\"what\":{\"type\":\"string\"}},\"required\":[\"kind\"]}]}";
  static const char both[] = "{\"allOf\":[{\"properties\":{\"a\":{\"type\":\"string\"}}},{\"properties\":{\"a\":{\"enum\":[\"x\",\"y\"]}}}]}";
  static const char whole[] = "{\"enum\":[{\"sky\":\"clear\",\"n\":1},{\"sky\":\"grey\",\"n\":2}]}";
  static const char deep[] = "{\"anyOf\":[{\"type\":\"string\"},{\"items\":{\"$ref\":\"#\"},\"type\":\"array\"},{\"items\":{\"$ref\":\"#\"},\"type\":\"array\"},"
      "{\"items\":{\"$ref\":\"#\"},\"type\":\"array\"},{\"const\":\"end\"}]}";

  assert_choices (two, "{\"gate\":\"closed\",\"shop\":\"busy\",\"note\":\"open\",\"list\":[\"closed\",\"open\"]}", TRUE,
      "gate=closed:1 shop=busy:1 list=closed:1 ");
  assert_choices (two, "{\"gate\":\"busy\",\"shop\":\"open\"}", TRUE, "");
  assert_choices (kinds, "{\"kind\":\"car\",\"what\":\"red\"}", TRUE, "kind=car:1 what=red:1 ");
  assert_choices (kinds, "{\"kind\":\"sign\",\"what\":\"red\"}", TRUE, "kind=sign:1 ");
  assert_choices (both, "{\"a\":\"y\"}", TRUE, "a=y:1 ");
  assert_choices (whole, "{\"sky\":\"grey\",\"n\":2}", TRUE, "sky=grey:1 ");
  assert_choices (whole, "{\"sky\":\"clear\",\"n\":2}", TRUE, "");
  assert_choices (deep, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"end\",7]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", TRUE, "end:1 ");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/output/code-points-wait-until-they-are-whole", test_code_points_wait_until_they_are_whole);
  g_test_add_func ("/output/invalid-bytes-become-replacement-characters", test_invalid_bytes_become_replacement_characters);
  g_test_add_func ("/output/a-character-that-a-nul-cuts-short-is-not-waited-for", test_a_character_that_a_nul_cuts_short_is_not_waited_for);
  g_test_add_func ("/output/lines-are-one-line-of-visible-text", test_lines_are_one_line_of_visible_text);
  g_test_add_func ("/output/records-are-one-line-of-json-whatever-the-text", test_records_are_one_line_of_json_whatever_the_text);
  g_test_add_func ("/output/values-are-json-that-no-terminal-obeys", test_values_are_json_that_no_terminal_obeys);
  g_test_add_func ("/output/objects-of-records-have-their-place-and-lines-of-text", test_objects_of_records_have_their_place_and_lines_of_text);
  g_test_add_func ("/output/choices-are-what-the-schema-itself-names", test_choices_are_what_the_schema_itself_names);
  g_test_add_func ("/output/choices-are-those-of-their-place", test_choices_are_those_of_their_place);
  return g_test_run ();
}
