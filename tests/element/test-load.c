/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the element loads models: progress, terms, sharing, and models that cannot be loaded. */

#include <string.h>

#include "fixture.h"
#include "support/folder.h"

/* An element by itself with a bus. */
typedef struct
{
  GstElement *element;
  GstBus *bus;
} Lone;

static void
lone_start (Lone * self, const char *model_path)
{
  self->element = gst_object_ref_sink (gst_element_factory_make ("llama4describe", NULL));
  self->bus = gst_bus_new ();
  gst_element_set_bus (self->element, self->bus);
  g_object_set (self->element, "model-path", model_path, NULL);
}

static void
lone_stop (Lone * self)
{
  gst_element_set_state (self->element, GST_STATE_NULL);
  gst_element_set_bus (self->element, NULL);
  gst_object_unref (self->bus);
  gst_object_unref (self->element);
}

/* The next message of that type. */
static GstMessage *
expect (Lone * self, GstMessageType type)
{
  GstMessage *message = gst_bus_timed_pop_filtered (self->bus, 30 * GST_SECOND, type);

  g_assert_nonnull (message);
  return message;
}

static GstProgressType
expect_progress (Lone * self, gint * percent)
{
  g_autoptr (GstMessage) message = expect (self, GST_MESSAGE_PROGRESS);
  GstProgressType type;

  gst_message_parse_progress (message, &type, NULL, NULL);
  *percent = -1;
  gst_structure_get_int (gst_message_get_structure (message), "percent", percent);
  return type;
}

/* Loads; how it ended. */
static GstProgressType
load (Lone * self)
{
  GstProgressType type;
  gint percent;

  gst_element_set_state (self->element, GST_STATE_PAUSED);
  do
    type = expect_progress (self, &percent);
  while (type == GST_PROGRESS_TYPE_START || type == GST_PROGRESS_TYPE_CONTINUE);
  return type;
}

static char *
get_string (Lone * self, const char *property)
{
  char *value = NULL;

  g_object_get (self->element, property, &value, NULL);
  return value;
}

static void
test_progress_runs_from_start_to_complete_in_percent (void)
{
  Lone self;
  gint percent, last = 0;
  guint n = 0;
  GstProgressType type;

  lone_start (&self, NULL);
  gst_element_set_state (self.element, GST_STATE_PAUSED);
  g_assert_cmpint (expect_progress (&self, &percent), ==, GST_PROGRESS_TYPE_START);
  g_assert_cmpint (percent, ==, 0);
  while ((type = expect_progress (&self, &percent)) == GST_PROGRESS_TYPE_CONTINUE) {
    g_assert_cmpint (percent, >=, last);
    last = percent;
    n++;
  }
  g_assert_cmpint (type, ==, GST_PROGRESS_TYPE_COMPLETE);
  g_assert_cmpint (percent, ==, 100);
  g_assert_cmpuint (n, >=, 5);
  lone_stop (&self);
}

static void
test_the_error_comes_before_the_end_of_the_progress (void)
{
  char *script = write_script ("{\"load_error\":\"It is broken\"}\n");
  g_autoptr (GError) error = NULL;
  g_autoptr (GstMessage) message = NULL;
  GstMessageType type = 0;
  Lone self;

  lone_start (&self, script);
  gst_element_set_state (self.element, GST_STATE_PAUSED);
  message = expect (&self, GST_MESSAGE_ERROR | GST_MESSAGE_PROGRESS);
  while ((type = GST_MESSAGE_TYPE (message)) != GST_MESSAGE_ERROR) {
    GstProgressType progress;

    gst_message_parse_progress (message, &progress, NULL, NULL);
    g_assert_cmpint (progress, !=, GST_PROGRESS_TYPE_ERROR);
    gst_message_unref (message);
    message = expect (&self, GST_MESSAGE_ERROR | GST_MESSAGE_PROGRESS);
  }
  gst_message_parse_error (message, &error, NULL);
  g_assert_nonnull (strstr (error->message, "It is broken"));
  g_assert_cmpint (load (&self), ==, GST_PROGRESS_TYPE_ERROR);
  lone_stop (&self);
  g_unlink (script);
  g_free (script);
}

static char *
golden (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "golden", name, NULL);
}

static void
test_llama_4_weights_come_with_a_licence_notice_once (void)
{
  g_autofree char *model = golden ("scout-tiny"), *before = NULL, *notice = NULL, *after = NULL;
  g_autoptr (GstMessage) message = NULL, again = NULL;
  const char *told;
  Lone self;

  lone_start (&self, model);
  before = get_string (&self, "licence-notice");
  g_assert_null (before);
  gst_element_set_state (self.element, GST_STATE_PAUSED);
  message = expect (&self, GST_MESSAGE_ELEMENT);
  g_assert_true (gst_message_has_name (message, "llama4-licence"));
  told = gst_structure_get_string (gst_message_get_structure (message), "notice");
  g_assert_nonnull (strstr (told, "https://www.llama.com/llama4/license/"));
  g_assert_nonnull (strstr (told, "European Union"));
  g_assert_nonnull (strstr (told, "Built with Llama"));
  g_assert_null (strchr (told, '\n'));
  g_assert_cmpstr (gst_structure_get_string (gst_message_get_structure (message), "model"), ==, "scout-tiny");
  notice = get_string (&self, "licence-notice");
  g_assert_cmpstr (notice, ==, told);

  gst_element_set_state (self.element, GST_STATE_READY);        /* the model stays */
  g_assert_cmpint (load (&self), ==, GST_PROGRESS_TYPE_COMPLETE);
  again = gst_bus_pop_filtered (self.bus, GST_MESSAGE_ELEMENT);
  g_assert_null (again);
  gst_element_set_state (self.element, GST_STATE_NULL);
  after = get_string (&self, "licence-notice");
  g_assert_null (after);
  lone_stop (&self);
}

static void
test_the_embedded_model_and_scripts_have_no_licence_to_tell (void)
{
  char *script = write_script (TWO_ANSWERS);
  g_autofree char *embedded = g_build_filename (g_getenv ("LLAMA4_DATA_DIR"), "embedded", NULL);
  const char *const models[] = { NULL, embedded, script };

  for (guint i = 0; i < G_N_ELEMENTS (models); i++) {
    g_autoptr (GstMessage) message = NULL;
    g_autofree char *notice = NULL;
    Lone self;

    lone_start (&self, models[i]);
    g_assert_cmpint (load (&self), ==, GST_PROGRESS_TYPE_COMPLETE);
    message = gst_bus_pop_filtered (self.bus, GST_MESSAGE_ELEMENT);
    g_assert_null (message);
    notice = get_string (&self, "licence-notice");
    g_assert_null (notice);
    lone_stop (&self);
  }
  g_unlink (script);
  g_free (script);
}

/* Loads; how often it was said on the way that this is the small built-in model. */
static guint
count_limits (Lone * self)
{
  guint n = 0;

  gst_element_set_state (self->element, GST_STATE_PAUSED);
  for (;;) {
    g_autoptr (GstMessage) message = expect (self, GST_MESSAGE_INFO | GST_MESSAGE_PROGRESS);
    g_autoptr (GError) error = NULL;
    g_autofree char *debug = NULL;
    GstProgressType type;

    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_PROGRESS) {
      gst_message_parse_progress (message, &type, NULL, NULL);
      if (type != GST_PROGRESS_TYPE_START && type != GST_PROGRESS_TYPE_CONTINUE)
        return n;
      continue;
    }
    gst_message_parse_info (message, &error, &debug);
    g_assert_nonnull (strstr (error->message, "built-in"));
    g_assert_nonnull (strstr (error->message, "model-path"));
    g_assert_nonnull (strstr (debug, error->message));  /* what gst-launch shows */
    g_assert_null (strchr (error->message, '\n'));
    n++;
  }
}

static void
test_whoever_set_no_model_is_told_once_which_one_is_at_work (void)
{
  char *script = write_script (TWO_ANSWERS);
  g_autofree char *embedded = g_build_filename (g_getenv ("LLAMA4_DATA_DIR"), "embedded", NULL);
  const char *const models[] = { NULL, embedded, script };

  for (guint i = 0; i < G_N_ELEMENTS (models); i++) {
    Lone self;

    lone_start (&self, models[i]);
    g_assert_cmpuint (count_limits (&self), ==, models[i] == NULL);
    gst_element_set_state (self.element, GST_STATE_READY);      /* the model stays */
    g_assert_cmpuint (count_limits (&self), ==, 0);
    lone_stop (&self);
  }
  g_unlink (script);
  g_free (script);
}

static void
test_two_elements_load_one_model_once (void)
{
  char *script = write_script ("{\"load_ms\":2500}\n" TWO_ANSWERS);
  gint64 begun = g_get_monotonic_time ();
  Lone first, second;

  lone_start (&first, script);
  lone_start (&second, script);
  gst_element_set_state (first.element, GST_STATE_PAUSED);
  g_usleep (2000000);
  g_assert_cmpint (load (&second), ==, GST_PROGRESS_TYPE_COMPLETE);     /* waits for the first */
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 4450 * G_TIME_SPAN_MILLISECOND);
  lone_stop (&first);
  gst_element_set_state (second.element, GST_STATE_READY);
  begun = g_get_monotonic_time ();
  g_assert_cmpint (load (&second), ==, GST_PROGRESS_TYPE_COMPLETE);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 2400 * G_TIME_SPAN_MILLISECOND);
  lone_stop (&second);
  g_unlink (script);
  g_free (script);
}

static void
test_another_model_can_be_chosen_in_ready (void)
{
  char *script = write_script ("{\"load_error\":\"It is broken\"}\n");
  Lone self;

  lone_start (&self, NULL);
  g_assert_cmpint (load (&self), ==, GST_PROGRESS_TYPE_COMPLETE);
  gst_element_set_state (self.element, GST_STATE_READY);
  g_object_set (self.element, "model-path", script, NULL);
  g_assert_cmpint (load (&self), ==, GST_PROGRESS_TYPE_ERROR);
  gst_element_set_state (self.element, GST_STATE_READY);
  g_object_set (self.element, "model-path", NULL, NULL);
  gst_util_set_object_arg (G_OBJECT (self.element), "load", "map");
  g_assert_cmpint (load (&self), ==, GST_PROGRESS_TYPE_COMPLETE);
  lone_stop (&self);
  g_unlink (script);
  g_free (script);
}

/* Loads what cannot be loaded; the one line that says why. (transfer full) */
static char *
refused (Lone * self)
{
  g_autoptr (GstMessage) message = NULL, second = NULL;
  g_autoptr (GError) error = NULL;

  gst_element_set_state (self->element, GST_STATE_PAUSED);
  message = expect (self, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  g_test_message ("%s", error->message);
  g_assert_null (strchr (error->message, '\n'));
  second = gst_bus_timed_pop_filtered (self->bus, 50 * GST_MSECOND, GST_MESSAGE_ERROR);
  g_assert_null (second);
  return g_strdup (error->message);
}

static void
test_a_model_too_large_is_refused_with_both_numbers (void)
{
  g_autofree char *line = NULL;
  Lone self;

  lone_start (&self, NULL);
  g_object_set (self.element, "memory-limit", (guint64) 1 << 20, NULL);
  line = refused (&self);
  g_assert_true (g_regex_match_simple ("embedded.* [0-9.]+ MiB.*memory-limit.* 1\\.0 MiB", line, 0, 0));
  lone_stop (&self);
}

/* A golden checkpoint with one file that is not as it should be. */
static const struct
{
  const char *file;
  const char *contents;         /* NULL: cut to that many bytes, or removed when cut is negative */
  gssize cut;
  const char *named;            /* in the message */
} bad_models[] = {
  {"config.json", NULL, -1, "config.json"}, {"config.json", "", 0, "config.json"}, {"config.json", "{\"model_type\":\"gemma3\"}", 0,
      "model_type"}, {"config.json", NULL, 700, "config.json"},
  {"tokenizer.json", NULL, -1, "tokenizer"}, {"tokenizer.json", "[]", 0, "tokenizer.json"}, {"tokenizer.json", NULL, 5000,
      "tokenizer.json"},
  {"model.safetensors", NULL, -1, "model.safetensors"}, {"model.safetensors", "", 0, "model.safetensors"}, {"model.safetensors",
      NULL, 7, "model.safetensors"}, {"model.safetensors", NULL, 20000, "model.safetensors"},
  {"model.safetensors", "\377\377\377\377\377\377\377\377{}", 0, "model.safetensors"},
  {"processor_config.json", "{\"image_processor\":{\"size\":{\"height\":0,\"width\":0}}}", 0, "processor_config.json"},
};

static void
test_broken_models_are_one_error_that_names_the_file (void)
{
  g_autofree char *source = golden ("scout-tiny");

  for (guint i = 0; i < G_N_ELEMENTS (bad_models); i++) {
    Folder *folder = folder_new ();
    g_autoptr (GDir) dir = g_dir_open (source, 0, NULL);
    g_autofree char *line = NULL;
    const char *name;
    Lone self;

    while ((name = g_dir_read_name (dir)) != NULL) {
      g_autofree char *from = g_build_filename (source, name, NULL), *to = g_build_filename (folder, name, NULL);
      g_autofree char *contents = NULL;
      gboolean bad = g_str_equal (name, bad_models[i].file);
      gsize length;

      if (!g_file_get_contents (from, &contents, &length, NULL) || (bad && bad_models[i].cut < 0))
        continue;
      if (bad && bad_models[i].contents != NULL)
        g_assert_true (g_file_set_contents (to, bad_models[i].contents, -1, NULL));
      else
        g_assert_true (g_file_set_contents (to, contents, bad ? bad_models[i].cut : (gssize) length, NULL));
    }
    lone_start (&self, folder);
    line = refused (&self);
    g_assert_nonnull (strstr (line, folder));
    g_assert_nonnull (strstr (line, bad_models[i].named));
    lone_stop (&self);
    folder_free (folder);
  }
}

static void
test_paths_that_are_no_model_are_named (void)
{
  static const char *const paths[] = { "/nowhere/at/all", "/dev/null", "/dev/zero", "/etc", "/etc/passwd", "x.script", "\n" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autofree char *line = NULL;
    Lone self;

    lone_start (&self, paths[i]);
    line = refused (&self);
    g_assert_nonnull (strstr (line, *paths[i] == '\n' ? ":" : paths[i]));
    lone_stop (&self);
  }
}

static void
test_a_script_that_is_none_is_named_with_its_line (void)
{
  static const struct
  {
    const char *lines, *named;
  } scripts[] = { {"", "answer"}, {"\n\n", "answer"}, {"{\"text\":\"a\"}\n{\"text\":7}\n", "line 2"}, {"no JSON", "line 1"},
  {"{\"text\":\"a\"}\n{\"load_ms\":5}", "line 2"}, {"[[[[[[[[", "line 1"}
  };

  for (guint i = 0; i < G_N_ELEMENTS (scripts); i++) {
    char *script = write_script (scripts[i].lines);
    g_autofree char *line = NULL;
    Lone self;

    lone_start (&self, script);
    line = refused (&self);
    g_assert_nonnull (strstr (line, script));
    g_assert_nonnull (strstr (line, scripts[i].named));
    lone_stop (&self);
    g_unlink (script);
    g_free (script);
  }
}

static void
test_a_projector_that_does_not_belong_is_named (void)
{
  g_autofree char *model = golden ("scout-tiny"), *line = NULL;
  Lone self;

  lone_start (&self, model);
  g_object_set (self.element, "projector-path", "/nowhere/mmproj.gguf", NULL);
  line = refused (&self);
  g_assert_nonnull (strstr (line, "/nowhere/mmproj.gguf"));
  lone_stop (&self);
}

static void
test_a_model_that_cannot_look_at_pictures_is_refused_before_it_is_read (void)
{
  g_autofree char *model = golden ("dense-tiny"), *line = NULL;
  Lone self;
  gint percent;

  lone_start (&self, model);
  gst_element_set_state (self.element, GST_STATE_PAUSED);
  g_assert_cmpint (expect_progress (&self, &percent), ==, GST_PROGRESS_TYPE_START);
  g_assert_cmpint (expect_progress (&self, &percent), ==, GST_PROGRESS_TYPE_ERROR);
  gst_element_set_state (self.element, GST_STATE_READY);
  line = refused (&self);
  g_assert_nonnull (strstr (line, "dense-tiny"));
  g_assert_nonnull (strstr (line, "cannot look at pictures"));
  lone_stop (&self);
}

/* Two elements one after the other load a model beside which lies a file of repacked experts that is none. */
static void
test_repacked_experts_that_do_not_fit_are_told_once (void)
{
  static const char *const files[] = { "model.gguf", "mmproj-F16.gguf" };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *model = g_build_filename (folder, "model.gguf", NULL), *experts = folder_write (folder, "model.gguf.experts", "none", 4);
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *tiny = golden ("gguf-tiny"), *path = g_build_filename (tiny, files[i], NULL), *bytes = NULL;
    gsize length;

    g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
    g_free (folder_write (folder, files[i], bytes, (gssize) length));
  }
  for (guint i = 0; i < 2; i++) {
    GstMessage *message;
    Lone self;

    lone_start (&self, model);
    gst_util_set_object_arg (G_OBJECT (self.element), "load", "stream");
    gst_element_set_state (self.element, GST_STATE_PAUSED);
    while ((message = expect (&self, GST_MESSAGE_WARNING | GST_MESSAGE_ASYNC_DONE | GST_MESSAGE_PROGRESS | GST_MESSAGE_ERROR)) != NULL) {
      g_autoptr (GError) warning = NULL;
      GstProgressType type = GST_PROGRESS_TYPE_START;

      g_assert_cmpint (GST_MESSAGE_TYPE (message), !=, GST_MESSAGE_ERROR);
      if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_PROGRESS)
        gst_message_parse_progress (message, &type, NULL, NULL);
      if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING) {
        gst_message_parse_warning (message, &warning, NULL);
        g_assert_nonnull (strstr (warning->message, experts));
        n++;
      }
      gst_message_unref (message);
      if (type == GST_PROGRESS_TYPE_COMPLETE)
        break;
    }
    lone_stop (&self);
  }
  g_assert_cmpuint (n, ==, 1);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"progress-runs-from-start-to-complete-in-percent", test_progress_runs_from_start_to_complete_in_percent},
    {"the-error-comes-before-the-end-of-the-progress", test_the_error_comes_before_the_end_of_the_progress},
    {"llama-4-weights-come-with-a-licence-notice-once", test_llama_4_weights_come_with_a_licence_notice_once},
    {"whoever-set-no-model-is-told-once-which-one-is-at-work", test_whoever_set_no_model_is_told_once_which_one_is_at_work},
    {"the-embedded-model-and-scripts-have-no-licence-to-tell", test_the_embedded_model_and_scripts_have_no_licence_to_tell},
    {"two-elements-load-one-model-once", test_two_elements_load_one_model_once},
    {"another-model-can-be-chosen-in-ready", test_another_model_can_be_chosen_in_ready},
    {"a-model-too-large-is-refused-with-both-numbers", test_a_model_too_large_is_refused_with_both_numbers},
    {"broken-models-are-one-error-that-names-the-file", test_broken_models_are_one_error_that_names_the_file},
    {"paths-that-are-no-model-are-named", test_paths_that_are_no_model_are_named},
    {"a-script-that-is-none-is-named-with-its-line", test_a_script_that_is_none_is_named_with_its_line},
    {"a-projector-that-does-not-belong-is-named", test_a_projector_that_does_not_belong_is_named},
    {"a-model-that-cannot-look-at-pictures-is-refused-before-it-is-read",
        test_a_model_that_cannot_look_at_pictures_is_refused_before_it_is_read},
    {"repacked-experts-that-do-not-fit-are-told-once", test_repacked_experts_that_do_not_fit_are_told_once},
  };

  return run_tests (argc, argv, "load", tests, G_N_ELEMENTS (tests));
}
