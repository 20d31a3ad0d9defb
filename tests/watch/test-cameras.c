/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of llama4 watch is read whole, or refused in one line that names line and key. */

#include <string.h>

#include <glib/gstdio.h>

#include "cameras/cameras.h"
#include "llama4.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)

/* (transfer full) */
static L4Cameras *
read_text (const char *text, gssize length, GError **error)
{
  g_autofree char *path = NULL;
  L4Cameras *cameras;
  int file = g_file_open_tmp ("cameras-XXXXXX.yaml", &path, NULL);

  g_assert_cmpint (file, >=, 0);
  g_assert_true (g_file_set_contents (path, text, length, NULL));
  cameras = l4_cameras_read (path, error);
  if (error != NULL && *error != NULL)
    g_assert_true (g_str_has_prefix ((*error)->message, path));
  g_unlink (path);
  g_close (file, NULL);
  return cameras;
}

static void
test_example (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Cameras) cameras = l4_cameras_read (g_getenv ("EXAMPLE"), &error);
  const L4Camera *camera;
  const L4Rule *rule;
  const L4Condition *condition;
  gboolean region = FALSE;

  g_assert_no_error (error);
  g_assert_cmpuint (cameras->cameras->len, ==, 3);
  g_assert_cmpuint (cameras->rules->len, ==, 5);
  camera = g_ptr_array_index (cameras->cameras, 0);
  g_assert_cmpstr (camera->name, ==, "yard");
  g_assert_cmpstr (camera->questions[0], ==, "Is a person in the yard?");
  for (guint i = 0; i < camera->properties->len; i++) {
    const L4CameraProperty *property = g_ptr_array_index (camera->properties, i);

    if (g_str_equal (property->name, "window"))
      g_assert_cmpstr (property->value, ==, "4000000000");
    if (g_str_equal (property->name, "region")) {
      g_assert_cmpstr (property->value, ==, "0,0.3,1,0.7");
      region = TRUE;
    }
  }
  g_assert_true (region);
  camera = g_ptr_array_index (cameras->cameras, 1);
  g_assert_true (g_str_has_prefix (camera->detector, "videoconvert ! onnxinference model-file=/srv/ssd.onnx !"));
  camera = g_ptr_array_index (cameras->cameras, 2);
  g_assert_cmpstr (camera->uri, ==, "v4l2:///dev/video0");
  rule = g_ptr_array_index (cameras->rules, 0);
  g_assert_cmpuint (rule->all->len, ==, 1);
  condition = g_ptr_array_index (rule->all, 0);
  g_assert_cmpint (condition->compare, ==, L4_COMPARE_AT_LEAST);
  g_assert_cmpstr (condition->value, ==, "0.8");
  g_assert_cmpuint (rule->windows, ==, 2);
  g_assert_cmpuint (rule->cooldown, ==, 300 * SECOND);
  g_assert_cmpuint (g_array_index (rule->quiet, L4Hours, 0).from, ==, 22 * 60);
  g_assert_cmpuint (g_array_index (rule->quiet, L4Hours, 0).until, ==, 6 * 60 + 30);
  g_assert_cmpstr (rule->command[2], ==, "llama4");
  g_assert_cmpuint (rule->receivers, ==, L4_RECEIVER_MQTT | L4_RECEIVER_PAGE);
  rule = g_ptr_array_index (cameras->rules, 3);
  condition = g_ptr_array_index (rule->all, 0);
  g_assert_cmpstr (condition->value, ==, "\"red car\"");
  g_assert_cmpuint (rule->receivers, ==, L4_RECEIVER_ALL);
  rule = g_ptr_array_index (cameras->rules, 4);
  g_assert_cmpuint (rule->all->len, ==, 2);
  g_assert_cmpuint (rule->any->len, ==, 2);
  condition = g_ptr_array_index (rule->any, 1);
  g_assert_cmpstr (condition->pointer, ==, "/text");
  g_assert_cmpstr (condition->value, ==, "\"crowbar\"");
  g_assert_cmpint (condition->compare, ==, L4_COMPARE_CONTAINS);
  g_assert_cmpuint (cameras->keep_time, ==, 30 * 86400 * SECOND);
  g_assert_cmpuint (cameras->keep_bytes, ==, 50 * (G_GUINT64_CONSTANT (1) << 30));
  g_assert_true (g_path_is_absolute (cameras->folder));
  g_assert_cmpstr (cameras->mqtt.host, ==, "broker.local");
  g_assert_cmpuint (cameras->mqtt.port, ==, 8883);
  g_assert_cmpuint (cameras->webhook.timeout, ==, 10 * SECOND);
  g_assert_true (cameras->onvif.files);
  g_assert_cmpuint (cameras->onvif.rtsp, ==, 8554);
}

#define ONE "cameras:\n  - {name: a, uri: /x}\n"
#define RULE ONE "rules:\n  - "

static void
test_wrong (void)
{
  static const struct
  {
    const char *text, *said;
  } cases[] = {
    {"", ": is empty"},
    {"{", ": is no YAML"},
    {"a: [1\nb: 2\n", "is no YAML"},
    {"a: \"\xff\"\n", "is no YAML"},
    {"- 1\n", ":1: the file: must be keys with values"},
    {"camera: []\n", ":1: camera: is no key of the file"},
    {"index: a\n", ": has no cameras"},
    {"cameras: []\n", ":1: cameras: is empty"},
    {"cameras: 5\n", ":1: cameras: must be a list"},
    {"cameras:\n  - {name: a}\n", ":2: cameras: a camera has no uri"},
    {"cameras:\n  - {uri: /a}\n", ":2: cameras: a camera has no name"},
    {"cameras:\n  - name: a\n    uri: /a\n    widow: 4\n", ":4: widow: is no key of cameras"},
    {"cameras:\n  - name: a\n    uri: /a\n    window: soon\n", ":4: window: must be seconds"},
    {"cameras:\n  - name: a\n    uri: /a\n    window: -1\n", ":4: window: must be seconds"},
    {"cameras:\n  - name: a\n    uri: /a\n    window: nan\n", ":4: window: must be seconds"},
    {"cameras:\n  - name: a\n    uri: /a\n    uri: /b\n", ":4: uri: stands there twice"},
    {"cameras:\n  - {name: ../a, uri: /a}\n", ":2: name: must have"},
    {"cameras:\n  - {name: \"a\\0b\", uri: /a}\n", ":2: name: must be a text"},
    {"cameras:\n  - {name: -a, uri: /a}\n", ":2: name: must have"},
    {"cameras:\n  - {name: a, uri: /a, stall: 0}\n", ":2: stall: must be more than 0"},
    {"cameras:\n  - {name: a, uri: /a}\n  - {name: a, uri: /b}\n", ":3: cameras: there are two of the name a"},
    {"cameras:\n  - &a [*a]\n", "cameras"},
    {"cameras:\n  - name: a\n    uri: /a\n    schema: &s {a: *s}\n", "schema: has too much in it"},
    {ONE "---\na: 1\n", "more than one document"},
    {RULE "{pointer: /text, value: 1}\n", ":4: rules: a rule has no name"},
    {RULE "{name: r, value: 1}\n", ":4: r: a condition needs either pointer or question"},
    {RULE "{name: r, pointer: /a}\n", ":4: r: a condition needs a value"},
    {RULE "{name: r}\n", ":4: rules: r: needs a condition, or a list all or any of them"},
    {RULE "{name: r, all: []}\n", ":4: all: is empty"},
    {RULE "{name: r, any: []}\n", ":4: any: is empty"},
    {RULE "{name: r, all: [{pointer: /a, value: 1}], any: []}\n", ":4: any: is empty"},
    {RULE "{name: r, all: {pointer: /a, value: 1}}\n", ":4: all: must be a list"},
    {RULE "{name: r, any: [5]}\n", ":4: any: must be keys with values"},
    {RULE "{name: r, any: &any [*any]}\n", ":4: any: must be keys with values"},
    {RULE "{name: r, all: [{pointer: /a, value: 1, windows: 2}]}\n", ":4: windows: is no key of all"},
    {RULE "name: r\n    all:\n      - {pointer: /a, value: 1}\n      - {pointer: /a}\n", ":7: all: a condition needs a value"},
    {RULE "name: r\n    any:\n      - {value: 1}\n", ":6: any: a condition needs either pointer or question"},
    {RULE "name: r\n    any:\n      - {pointer: /a, question: Who, value: 1}\n", ":6: any: a condition needs either pointer or question"},
    {RULE "name: r\n    any:\n      - {pointer: /a, value: red}\n", ":6: value: must be a number"},
    {RULE "name: r\n    any:\n      - pointer: /a\n        value: 1\n      - question: Who\n        value: 1\n", ":8: question: is not among those of the camera a"},
    {RULE "name: r\n    all: [{pointer: /a, value: 1}]\n    value: 5\n", ":4: rules: r: a condition beside the lists"},
    {RULE "name: r\n    pointer: /a\n    value: 5\n    any: [{pointer: /a, value: 1}]\n", ":4: rules: r: a condition beside the lists"},
    {RULE "name: r\n    all:\n      - {pointer: /a, compare: \">\", value: 5}\n      - {pointer: /b, compare: \"<\", value: 5}\n"
          "      - {pointer: /a, compare: \"<\", value: 5}\n", ":8: all: can never hold together with the condition of line 6"},
    {RULE "{name: r, pointer: text, value: 1}\n", ":4: pointer: must begin with a slash"},
    {RULE "{name: r, pointer: /a~2, value: 1}\n", ":4: pointer: has a ~"},
    {RULE "{name: r, pointer: /a/b*, value: 1}\n", ":4: pointer: has a *"},
    {RULE "{name: r, pointer: /**/b, value: 1}\n", ":4: pointer: has a *"},
    {RULE "{name: r, pointer: \"*\", value: 1}\n", ":4: pointer: must begin with a slash"},
    {RULE "{name: r, pointer: /a, value: 1, compare: \"=\"}\n", ":4: compare: must be one of"},
    {RULE "{name: r, pointer: /a, value: red, compare: \">\"}\n", ":4: value: must be a number"},
    {RULE "{name: r, pointer: /a, value: [1]}\n", ":4: value: must be a number, a text"},
    {RULE "{name: r, question: Who, value: 1}\n", ":4: question: is not among those of the camera a"},
    {RULE "{name: r, pointer: /a, value: 1, cameras: [b]}\n", ":4: cameras: r: there is no camera b"},
    {RULE "{name: r, pointer: /a, value: 1, quiet: [\"25:00-26:00\"]}\n", ":4: quiet: must be hours"},
    {RULE "{name: r, pointer: /a, value: 1, quiet: [\"1:00-2:00 \"]}\n", ":4: quiet: must be hours"},
    {RULE "{name: r, pointer: /a, value: 1, windows: 0}\n", ":4: windows: must be more than 0"},
    {RULE "{name: r, pointer: /a, value: 1, windows: 99999999999999999999}\n", ":4: windows: must be a whole number"},
    {RULE "{name: r, pointer: /a, value: 1, actions: {shell: x}}\n", ":4: shell: is no key of actions"},
    {RULE "{name: r, pointer: /a, value: 1, actions: {command: []}}\n", ":4: command: is empty"},
    {RULE "{name: r, pointer: /a, value: 1, actions: {clip: yes}}\n", "needs a folder"},
    {RULE "{name: r, pointer: /a, value: 1, actions: {clip: maybe}}\n", ":4: clip: must be true or false"},
    {RULE "{name: r, pointer: /a, value: 1, actions: {tell: mqtt}}\n", ":4: tell: must be a list"},
    {RULE "{name: r, pointer: /a, value: 1, actions: {tell: [page, pager]}}\n", ":4: tell: must be a list of mqtt, webhook, page and onvif"},
    {RULE "{name: r, pointer: /a, value: 1, actions: {tell: [[]]}}\n", ":4: tell: must be a list of"},
    {RULE "{name: r, pointer: /a, value: 1, actions: {tell: [mqtt]}}\n", ":4: tell: r: there is no mqtt in this file"},
    {RULE "{name: r, pointer: /a, value: 1, actions: {tell: [webhook]}}\n", ":4: tell: r: there is no webhook in this file"},
    {ONE "commands: {at-once: 0}\n", "at-once: must be 1 to 64"},
    {"cameras:\n  - {name: a, uri: /a, questions: [\"A; B\"]}\n", ":2: questions: must have neither"},
    {"folder: f\ncameras: [{name: a, uri: /a, mask: \"0,0,1,1\"}]\nrules: [{name: r, pointer: /a, value: 1, actions: {clip: true}}]\n", ":3: clip: would show what the mask"},
    {"cameras:\n  - {name: a, uri: /a, objects: 2}\n", ":2: objects: a: there is no detector"},
    {"cameras:\n  - {name: a, uri: /a, detector: identity}\n", ":2: detector: a: objects does not say"},
    {"defaults: {objects: 2}\ncameras:\n  - {name: a, uri: /a, objects: 0, detector: identity}\n", ":3: detector: a: objects does not say"},
    {ONE "page: {}\n", ":3: page: needs a port"},
    {RULE "{name: r, pointer: /a, value: 1, actions: {tell: [onvif]}}\n", ":4: tell: r: there is no onvif in this file"},
    {ONE "onvif: {}\n", ":3: onvif: needs files or rtsp"},
    {ONE "onvif: {files: true}\n", "onvif: files need a folder"},
    {ONE "onvif: {rtsp: 0}\n", ":3: rtsp: must be 1 to 65535"},
    {ONE "folder: f\nonvif: {files: true, user: me}\n", ":4: onvif: has an address or a user without rtsp"},
    {ONE "onvif: {rtsp: 1, password: a, password-file: b}\n", ":3: onvif: has both"},
    {ONE "mqtt: {port: 1}\n", ":3: mqtt: needs a host"},
    {ONE "mqtt: {host: h, port: 70000}\n", ":3: port: must be 1 to 65535"},
    {ONE "mqtt: {host: h, password: a, password-file: b}\n", ":3: mqtt: has both"},
    {ONE "webhook: {}\n", ":3: webhook: needs a url"},
    {ONE "model: {load: fast}\n", ":3: load: must be auto, read, map or stream"},
    {ONE "keep: {bytes: many}\n", ":3: bytes: must be bytes"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (L4Cameras) cameras = read_text (cases[i].text, -1, &error);

    g_assert_null (cameras);
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, cases[i].said));
    g_assert_null (strchr (error->message, '\n'));
  }
}

static void
test_contradictions (void)
{
  static const struct
  {
    const char *one, *other;
    gboolean contradict;
  } cases[] = {
    {"pointer: /a, compare: '>', value: 5", "pointer: /a, compare: '<', value: 5.5", FALSE},
    {"pointer: /a, compare: '>', value: 5", "pointer: /a, compare: '<=', value: 5", TRUE},
    {"pointer: /a, compare: '>=', value: 5", "pointer: /a, compare: '<=', value: 5.0", FALSE},
    {"pointer: /a, compare: '>=', value: 5", "pointer: /a, compare: '<', value: 5", TRUE},
    {"pointer: /a, compare: '<', value: -1", "pointer: /a, compare: '>', value: 1e3", TRUE},
    {"pointer: /a, compare: '>', value: 5", "pointer: /a, compare: '>=', value: 9", FALSE},
    {"pointer: /a, compare: '>', value: 5", "pointer: /b, compare: '<', value: 5", FALSE},
    {"pointer: /a, compare: '==', value: 5", "pointer: /a, compare: '==', value: 5.0", FALSE},
    {"pointer: /a, compare: '==', value: 5", "pointer: /a, compare: '==', value: 6", TRUE},
    {"pointer: /a, compare: '==', value: 5", "pointer: /a, compare: '!=', value: 5.0", TRUE},
    {"pointer: /a, compare: '!=', value: 5", "pointer: /a, compare: '!=', value: 6", FALSE},
    {"pointer: /a, compare: '==', value: 5", "pointer: /a, compare: '<', value: 5", TRUE},
    {"pointer: /a, compare: '==', value: red", "pointer: /a, compare: '>', value: 5", TRUE},
    {"pointer: /a, compare: '==', value: red", "pointer: /a, compare: '==', value: blue", TRUE},
    {"pointer: /a, compare: '==', value: '5'", "pointer: /a, compare: '==', value: 5", TRUE},
    {"pointer: /a, compare: '==', value: true", "pointer: /a, compare: '!=', value: true", TRUE},
    {"pointer: /a, compare: '==', value: red", "pointer: /a, compare: contains, value: blue", FALSE},
    {"pointer: /a/*, compare: '==', value: red", "pointer: /a/*, compare: '==', value: blue", FALSE},
    {"question: Q, compare: '<', value: 0.2", "question: Q, value: 0.8", TRUE},
    {"question: Q, compare: '<', value: 0.2", "question: R, value: 0.8", FALSE},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint list = 0; list < 3; list++) {
      g_autofree char *text = g_strdup_printf ("cameras: [{name: a, uri: /x, questions: [Q, R]}]\nrules: [{name: r, %s: [{%s}, {%s}]}]\n",
          list == 0 ? "any" : "all", list == 1 ? cases[i].other : cases[i].one, list == 1 ? cases[i].one : cases[i].other);
      g_autoptr (GError) error = NULL;
      g_autoptr (L4Cameras) cameras = read_text (text, -1, &error);

      g_test_message ("%s %s", text, error != NULL ? error->message : "");
      g_assert_cmpint (cameras == NULL, ==, list > 0 && cases[i].contradict);
      g_assert_true (error == NULL || strstr (error->message, ":2: all: can never hold together with the condition of line 2") != NULL);
    }
}

/* By pairs: as it stands there, and as JSON. */
static void
test_values (void)
{
  static const char *const values[] = { "true", "true", "True", "true", "TRUE", "true", "False", "false", "FALSE", "false", "Null", "null",
    "NULL", "null", "~", "null", "5", "5", "Red", "\"Red\"", "\"True\"", "\"True\"", "'FALSE'", "\"FALSE\"", "yes", "\"yes\"",
    "+5", "5", "-5", "-5", ".5", "0.5", "+.5", "0.5", "-.5", "-0.5", "5.", "5.0", "+5.E3", "5000.0", "+18446744073709551615", "18446744073709551615",
    "007", "\"007\"", "+", "\"+\"", ".", "\".\"", "+-5", "\"+-5\"", ".e5", "\".e5\"", ".inf", "\".inf\"", "+1e999", "\"+1e999\"", "1.2.3", "\"1.2.3\"",
    "'.5'", "\".5\"", "2026-11-28", "\"2026-11-28\"" };

  for (guint i = 0; i < G_N_ELEMENTS (values); i += 2) {
    g_autofree char *text = g_strdup_printf (RULE "{name: r, pointer: /a, compare: '==', value: %s}\n", values[i]);
    g_autoptr (GError) error = NULL;
    g_autoptr (L4Cameras) cameras = read_text (text, -1, &error);
    const L4Rule *rule;

    g_assert_no_error (error);
    rule = g_ptr_array_index (cameras->rules, 0);
    g_assert_cmpstr (((L4Condition *) g_ptr_array_index (rule->all, 0))->value, ==, values[i + 1]);
  }
}

/* All that is below some keys was made a comment. */
static void
test_keys_without_values_are_as_if_not_there (void)
{
  static const char text[] = "defaults:\n#  window: 3\ncameras:\n  - {name: a, uri: /x, window: , detector: }\nrules:\n# - {name: r}\nindex:\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Cameras) cameras = read_text (text, -1, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (cameras->rules->len, ==, 0);
  g_assert_null (cameras->index);
  g_assert_cmpuint (((L4Camera *) g_ptr_array_index (cameras->cameras, 0))->properties->len, ==, 0);
  g_assert_null (read_text (RULE "{name: r, pointer: /a, compare: '==', value: }\n", -1, &error));
  g_assert_nonnull (strstr (error->message, "a condition needs a value"));
}

/* Aliases of aliases of aliases would be a value of 10^9 parts. */
static void
test_bomb (void)
{
  g_autoptr (GString) text = g_string_new (ONE "    schema:\n      a0: &a0 [x]\n");
  g_autoptr (GError) error = NULL;

  g_string_assign (text, "cameras:\n  - name: a\n    uri: /x\n    schema:\n      a0: &a0 [x]\n");
  for (guint i = 1; i < 10; i++)
    g_string_append_printf (text, "      a%u: &a%u [*a%u,*a%u,*a%u,*a%u,*a%u,*a%u,*a%u,*a%u,*a%u,*a%u]\n", i, i, i - 1, i - 1, i - 1, i - 1,
        i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
  g_assert_null (read_text (text->str, text->len, &error));
  g_assert_nonnull (strstr (error->message, "schema: has too much in it"));
}

static void
test_noise (void)
{
  GRand *random = g_rand_new_with_seed (18);
  g_autofree char *example = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (g_getenv ("EXAMPLE"), &example, &length, NULL));
  for (guint round = 0; round < 500; round++) {
    g_autofree char *text = g_memdup2 (example, length);
    g_autoptr (GError) error = NULL;
    L4Cameras *cameras;

    for (guint i = 0; i < 4; i++)
      text[g_rand_int_range (random, 0, length)] = g_rand_int_range (random, 0, 256);
    cameras = read_text (text, g_rand_int_range (random, 0, length + 1), &error);
    g_assert_true ((cameras == NULL) == (error != NULL));
    l4_cameras_free (cameras);
  }
  g_rand_free (random);
}

static void
test_addresses (void)
{
  g_autofree char *film = g_build_filename (g_get_tmp_dir (), "a b%.mp4", NULL);
  char *uris[] = { "rtsp://me:secret@host/a", "rtsp://host/b", film, "http://[::1]:80/", "/dev/video3", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Cameras) cameras = l4_cameras_of_uris (uris, &error);
  g_autofree char *shown = l4_camera_show_uri (uris[0]), *odd = NULL;
  g_autofree char *address = g_filename_to_uri (film, NULL, NULL);
  const char *names[] = { "host", "host-2", "a b%.mp4", "::1", "video3" };

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpstr (((L4Camera *) g_ptr_array_index (cameras->cameras, i))->name, ==, names[i]);
  g_assert_cmpstr (((L4Camera *) g_ptr_array_index (cameras->cameras, 2))->uri, ==, address);
  g_assert_true (g_str_has_suffix (address, "/a%20b%25.mp4"));
  g_assert_cmpstr (shown, ==, "rtsp://host/a");
  odd = l4_camera_show_uri ("rtsp://me:se/c#r?e@t@host/a");
  g_assert_cmpstr (odd, ==, "rtsp://host/a");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cameras/the-example-is-read-to-its-last-key", test_example);
  g_test_add_func ("/cameras/what-is-wrong-is-one-line-with-line-and-key", test_wrong);
  g_test_add_func ("/cameras/conditions-that-cannot-hold-together-are-refused", test_contradictions);
  g_test_add_func ("/cameras/keys-without-values-are-as-if-not-there", test_keys_without_values_are_as_if_not_there);
  g_test_add_func ("/cameras/values-are-what-yaml-means-by-them", test_values);
  g_test_add_func ("/cameras/aliases-of-aliases-take-no-memory", test_bomb);
  g_test_add_func ("/cameras/a-damaged-file-is-read-or-refused", test_noise);
  g_test_add_func ("/cameras/addresses-get-names-and-show-no-password", test_addresses);
  return g_test_run ();
}
