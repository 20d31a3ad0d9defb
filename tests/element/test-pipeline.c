/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole pipelines on encoded files. */

#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>
#include <unistd.h>

/* Runs a pipeline to its end; the error's message, or NULL. The element messages' texts go into texts. */
static char *
run (const char *description, GPtrArray * texts, guint timeout_s)
{
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (description, &error);
  GstBus *bus;
  char *problem = NULL;
  gint64 deadline = g_get_monotonic_time () + timeout_s * G_TIME_SPAN_SECOND;
  gboolean ended = FALSE;

  g_assert_no_error (error);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (!ended) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop (bus, 100 * GST_MSECOND);

    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    if (message == NULL)
      continue;
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
      g_autoptr (GError) fault = NULL;

      gst_message_parse_error (message, &fault, NULL);
      if (problem == NULL)
        problem = g_strdup (fault->message);
      ended = TRUE;
    } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT && texts != NULL
        && gst_message_has_name (message, "llama4-description")) {
      g_ptr_array_add (texts, g_strdup (gst_structure_get_string (gst_message_get_structure (message), "text")));
    }
    ended |= GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  return problem;
}

static char *
temporary (const char *suffix)
{
  g_autofree char *template = g_strconcat ("llama4-XXXXXX", suffix, NULL);
  char *path = NULL;

  close (g_file_open_tmp (template, &path, NULL));
  return path;
}

static char *
write_script (const char *lines)
{
  char *path = temporary (".script");

  g_assert_true (g_file_set_contents (path, lines, -1, NULL));
  return path;
}

/* An H.264 file of that pattern. */
static char *
encode (const char *pattern, guint seconds, const char *caps, const char *muxer, const char *suffix)
{
  char *path = temporary (suffix);
  g_autofree char *launch = g_strdup_printf ("videotestsrc pattern=%s num-buffers=%u ! video/x-raw,framerate=25/1,%s ! "
      "x264enc speed-preset=ultrafast ! h264parse ! %s ! filesink location=%s", pattern, seconds * 25, caps, muxer, path);
  g_autofree char *problem = run (launch, NULL, 60);

  g_assert_null (problem);
  return path;
}

static void
remove_file (char *path)
{
  g_unlink (path);
  g_free (path);
}

static void
test_embedded_model_tells_the_patterns (void)
{
  static const char *const patterns[][2] = { {"smpte", "SMPTE"}, {"red", "plain red"}, {"blue", "plain blue"}, {"snow", "snow"},
  {"circular", "rings"}, {"gradient", "gradient"}
  };

  for (guint i = 0; i < G_N_ELEMENTS (patterns); i++) {
    g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
    char *file = encode (patterns[i][0], 8, "width=320,height=240", "mp4mux", ".mp4");
    g_autofree char *launch = g_strdup_printf ("filesrc location=%s ! decodebin ! llama4describe ! fakesink sync=false", file);
    g_autofree char *problem = run (launch, texts, 60);

    g_assert_null (problem);
    g_assert_cmpuint (texts->len, ==, 2);
    for (guint t = 0; t < 2; t++) {
      g_test_message ("%s: %s", patterns[i][0], (char *) g_ptr_array_index (texts, t));
      g_assert_nonnull (strstr (g_ptr_array_index (texts, t), patterns[i][1]));
    }
    remove_file (file);
  }
}

static void
test_embedded_model_answers_in_the_language_asked_for (void)
{
  static const char *const answers[][2] = { {"de", "Das Bild zeigt SMPTE-Farbbalken."}, {"French", "L'image montre une mire de barres SMPTE."},
  {"español", "La imagen muestra barras de color SMPTE."}, {"Klingon", "The picture shows SMPTE colour bars."}
  };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
    g_autofree char *launch = g_strdup_printf ("videotestsrc pattern=smpte num-buffers=40 ! video/x-raw,framerate=10/1,width=320,height=240 ! "
        "llama4describe language=%s ! fakesink sync=false", answers[i][0]);
    g_autofree char *problem = run (launch, texts, 60);

    g_assert_null (problem);
    g_assert_cmpuint (texts->len, ==, 1);
    g_assert_cmpstr (g_ptr_array_index (texts, 0), ==, answers[i][1]);
  }
}

/* Tokens of the only window's prompt. */
static gint64
prompt_of_a_still_film (const char *properties)
{
  char *json = temporary (".json");
  g_autofree char *launch = g_strdup_printf ("videotestsrc pattern=smpte75 num-buffers=40 ! video/x-raw,framerate=10/1,width=320,height=240 ! "
      "llama4describe %s name=d ! fakesink sync=false d.json_src ! filesink location=%s", properties, json);
  g_autofree char *problem = run (launch, NULL, 60), *text = NULL;
  const char *tokens;

  g_assert_null (problem);
  g_assert_true (g_file_get_contents (json, &text, NULL, NULL));
  g_test_message ("%s", text);
  tokens = strstr (text, "\"prompt\":");
  g_assert_nonnull (tokens);
  remove_file (json);
  return g_ascii_strtoll (tokens + strlen ("\"prompt\":"), NULL, 10);
}

/* 16 tokens a picture, of which four are shown. */
static void
test_pruned_pictures_are_shown_once (void)
{
  g_assert_cmpint (prompt_of_a_still_film ("prune=0.02"), ==, prompt_of_a_still_film ("") - 3 * 16);
}

static void
test_subtitles_are_muxed_with_the_untouched_video (void)
{
  char *script = write_script ("{\"text\":\"One & <two>.\"}"), *out = temporary (".mkv"), *srt = temporary (".srt");
  char *file = encode ("smpte", 10, "width=320,height=240", "matroskamux", ".mkv");
  g_autofree char *launch = g_strdup_printf ("filesrc location=%s ! parsebin ! tee name=c matroskamux name=m ! filesink "
      "location=%s c. ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 ! m. c. ! queue ! decodebin ! "
      "llama4describe model-path=%s name=d ! fakesink sync=false d.text_src ! text/x-raw,format=utf8 ! m.", file, out, script);
  g_autofree char *extract = g_strdup_printf ("filesrc location=%s ! matroskademux name=x x.subtitle_0 ! text/x-raw ! srtenc ! "
      "filesink location=%s", out, srt);
  g_autofree char *problem = run (launch, NULL, 60);
  g_autofree char *problem2 = problem == NULL ? run (extract, NULL, 60) : NULL;
  g_autofree char *cues = NULL;

  g_assert_null (problem);
  g_assert_null (problem2);
  g_assert_true (g_file_get_contents (srt, &cues, NULL, NULL));
  g_test_message ("%s", cues);
  g_assert_nonnull (strstr (cues, "00:00:00,000 --> 00:00:04,000\nOne &amp; \342\200\271two\342\200\272."));   /* the demuxer gives markup */
  g_assert_nonnull (strstr (cues, "00:00:08,000 --> 00:00:10,000\nOne &amp; \342\200\271two\342\200\272."));   /* the demuxer gives markup */
  remove_file (script);
  remove_file (out);
  remove_file (srt);
  remove_file (file);
}

/* Players obey tags in SubRip, of which srtenc escapes none; the unit tests know what ffmpeg's decoder obeys. */
static void
test_tags_in_an_answer_are_text_in_subrip (void)
{
  char *script = write_script ("{\"text\":\"<b>One</b> {\\\\an8}two\\\\Nthree.\"}"), *srt = temporary (".srt");
  g_autofree char *launch = g_strdup_printf ("videotestsrc num-buffers=50 ! video/x-raw,framerate=25/1,width=160,height=120 ! "
      "llama4describe model-path=%s name=d ! fakesink sync=false d.text_src ! text/x-raw,format=utf8 ! srtenc ! filesink location=%s",
      script, srt);
  g_autofree char *problem = run (launch, NULL, 60), *cues = NULL;

  g_assert_null (problem);
  g_assert_true (g_file_get_contents (srt, &cues, NULL, NULL));
  g_assert_cmpstr (cues, ==, "1\n00:00:00,000 --> 00:00:02,000\n\342\200\271b\342\200\272One\342\200\271/b\342\200\272 "
      "(\\an8)two/Nthree.\n\n");
  remove_file (script);
  remove_file (srt);
}

static void
test_textoverlay_does_not_wait_for_ever (void)
{
  char *script = write_script ("{\"text\":\"Here.\"}");
  g_autofree char *launch = g_strdup_printf ("videotestsrc num-buffers=250 ! video/x-raw,framerate=25/1,width=160,height=120 ! "
      "llama4describe model-path=%s name=d ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 ! textoverlay name=o ! "
      "fakesink sync=false d.text_src ! queue ! o.text_sink", script);
  g_autofree char *problem = run (launch, NULL, 60);

  g_assert_null (problem);
  remove_file (script);
}

/* Who muxes takes the first text when video has come so much further; until then all the other texts wait. */
static void
test_text_that_is_shown_much_later_is_muxed (void)
{
  static const char *const later[] = { "window=100000000 lateness=5000000000", "window=40000000 frames=1 lateness=4000000000" };
  char *script = write_script ("{\"text\":\"Here.\"}");

  for (guint i = 0; i < G_N_ELEMENTS (later); i++) {
    g_autofree char *launch = g_strdup_printf ("videotestsrc num-buffers=250 ! video/x-raw,framerate=25/1,width=160,height=120 ! "
        "llama4describe model-path=%s %s name=d ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 ! matroskamux name=m ! "
        "fakesink sync=false d.text_src ! m.", script, later[i]);
    g_autofree char *problem = run (launch, NULL, 60);

    g_assert_null (problem);
  }
  remove_file (script);
}

static void
test_a_missing_model_is_one_clear_error (void)
{
  g_autofree char *problem = run ("videotestsrc num-buffers=50 ! llama4describe model-path=/nowhere/at/all ! fakesink", NULL, 30);

  g_assert_nonnull (problem);
  g_assert_nonnull (strstr (problem, "/nowhere/at/all"));
  g_assert_null (strchr (problem, '\n'));
}

static void
test_a_memory_limit_too_small_is_one_clear_error (void)
{
  g_autofree char *problem = run ("videotestsrc num-buffers=50 ! llama4describe memory-limit=1000000 ! fakesink", NULL, 30);

  g_assert_nonnull (problem);
  g_assert_nonnull (strstr (problem, "memory-limit"));
}

static void
test_progress_is_closed_by_complete_or_cancelled (void)
{
  char *script = write_script ("{\"load_ms\":3000}\n{\"text\":\"x\"}");

  for (guint wait_ms = 0; wait_ms < 200; wait_ms += 60) {
    GstElement *element = gst_element_factory_make ("llama4describe", NULL);
    GstBus *bus = gst_bus_new ();
    gint open = 0;
    GstMessage *message;

    gst_element_set_bus (element, bus);
    g_object_set (element, "model-path", script, NULL);
    gst_element_set_state (element, GST_STATE_PAUSED);
    g_usleep (wait_ms * 1000);
    gst_element_set_state (element, GST_STATE_NULL);
    while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_PROGRESS)) != NULL) {
      GstProgressType type;

      gst_message_parse_progress (message, &type, NULL, NULL);
      open += type == GST_PROGRESS_TYPE_START;
      open -= type == GST_PROGRESS_TYPE_COMPLETE || type == GST_PROGRESS_TYPE_CANCELED || type == GST_PROGRESS_TYPE_ERROR;
      gst_message_unref (message);
    }
    g_assert_cmpint (open, ==, 0);
    gst_element_set_bus (element, NULL);
    gst_object_unref (bus);
    gst_object_unref (element);
  }
  remove_file (script);
}

static void
test_states_can_be_cycled (void)
{
  char *script = write_script ("{\"text\":\"Again.\",\"delay_ms\":20}");
  g_autofree char *launch = g_strdup_printf ("videotestsrc ! video/x-raw,width=64,height=48 ! llama4describe model-path=%s name=d ! "
      "fakesink sync=false d.text_src ! fakesink sync=false d.json_src ! fakesink sync=false", script);
  GstElement *pipeline = gst_parse_launch (launch, NULL);

  for (guint i = 0; i < 15; i++) {
    g_assert_cmpint (gst_element_set_state (pipeline, GST_STATE_PLAYING), !=, GST_STATE_CHANGE_FAILURE);
    g_usleep (20000 * (i % 4));
    g_assert_cmpint (gst_element_set_state (pipeline, i % 3 ? GST_STATE_NULL : GST_STATE_READY), !=, GST_STATE_CHANGE_FAILURE);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  remove_file (script);
}

static void
test_seeking_describes_from_the_new_place (void)
{
  char *script = write_script ("{\"text\":\"Seen.\"}"), *file = encode ("ball", 30, "width=160,height=120", "mp4mux", ".mp4");
  g_autofree char *launch = g_strdup_printf ("filesrc location=%s ! decodebin ! llama4describe name=d model-path=%s ! "
      "fakesink sync=false d.text_src ! fakesink name=t sync=false", file, script);
  GstElement *pipeline = gst_parse_launch (launch, NULL);
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message;
  guint64 first = G_MAXUINT64;

  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  g_assert_cmpint (gst_element_get_state (pipeline, NULL, NULL, 20 * GST_SECOND), ==, GST_STATE_CHANGE_SUCCESS);
  g_assert_true (gst_element_seek_simple (pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE,
          21 * GST_SECOND));
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while ((message = gst_bus_timed_pop_filtered (bus, 20 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR))) {
    gboolean ended = GST_MESSAGE_TYPE (message) != GST_MESSAGE_ELEMENT;
    guint64 start;

    g_assert_cmpint (GST_MESSAGE_TYPE (message), !=, GST_MESSAGE_ERROR);
    if (!ended && gst_structure_get_uint64 (gst_message_get_structure (message), "start", &start))
      first = MIN (first, start);
    gst_message_unref (message);
    if (ended)
      break;
  }
  g_assert_cmpuint (first, >=, 20 * GST_SECOND);
  g_assert_cmpuint (first, <=, 22 * GST_SECOND);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  remove_file (script);
  remove_file (file);
}

/* Hostile words: a cue of their own, markup, an end of line. */
static void
test_every_description_is_one_cue_whatever_it_says (void)
{
  static const char *const outputs[][3] = { {"utf8", "srtenc", ".srt"}, {"pango-markup", "webvttenc", ".vtt"} };
  char *script = write_script ("{\"text\":\"a dog\\n\\n00:00:00.000 --> 09:59:59.000\\r\\nINJECTED <b>x</b>\\u2028\\u2029\\u0085"
      "\\u202e --> end\\u0000\"}");

  for (guint i = 0; i < G_N_ELEMENTS (outputs); i++) {
    char *out = temporary (outputs[i][2]);
    g_autofree char *launch = g_strdup_printf ("videotestsrc num-buffers=100 ! video/x-raw,framerate=10/1,width=64,height=48 ! "
        "llama4describe model-path=%s name=d ! fakesink d.text_src ! text/x-raw,format=%s ! %s ! filesink location=%s", script,
        outputs[i][0], outputs[i][1], out);
    g_autofree char *problem = run (launch, NULL, 60), *cues = NULL;
    g_auto (GStrv) lines = NULL;
    guint n_times = 0, n_lines = 0;

    g_assert_null (problem);
    g_assert_true (g_file_get_contents (out, &cues, NULL, NULL));
    g_test_message ("%s", cues);
    g_assert_true (g_utf8_validate (cues, -1, NULL));
    lines = g_strsplit (cues, "\n", -1);
    for (guint l = 0; lines[l] != NULL; l++) {
      n_times += g_regex_match_simple ("^[0-9:.,]+ --> [0-9:.,]+$", lines[l], 0, 0);
      n_lines += strstr (lines[l], "a dog") != NULL && strstr (lines[l], "end") != NULL;
    }
    g_assert_cmpuint (n_times, ==, 3);
    g_assert_cmpuint (n_lines, ==, 3);
    if (i == 1)
      g_assert_null (strstr (cues, "<b>"));
    remove_file (out);
  }
  remove_file (script);
}

static GstPadProbeReturn
count_metas (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  GstCustomMeta *meta = gst_buffer_get_custom_meta (GST_PAD_PROBE_INFO_BUFFER (info), "Llama4Description");

  if (meta != NULL && !g_strcmp0 (gst_structure_get_string (gst_custom_meta_get_structure (meta), "text"), "Kept."))
    g_atomic_int_inc ((gint *) user_data);
  return GST_PAD_PROBE_OK;
}

static void
test_the_meta_survives_conversion_and_coding (void)
{
  char *script = write_script ("{\"text\":\"Kept.\"}");
  g_autofree char *launch = g_strdup_printf ("videotestsrc num-buffers=200 ! video/x-raw,framerate=10/1,width=64,height=48 ! "
      "llama4describe model-path=%s ! videoconvert ! video/x-raw,format=RGB ! videoscale ! video/x-raw,width=80,height=60 ! "
      "videoconvert ! x264enc tune=zerolatency ! avdec_h264 max-threads=1 ! fakesink name=s sync=false", script);
  GstElement *pipeline = gst_parse_launch (launch, NULL), *sink = gst_bin_get_by_name (GST_BIN (pipeline), "s");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (sink, "sink");
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;
  gint n = 0;

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, count_metas, &n, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_EOS);
  g_assert_cmpint (n, >=, 100);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (sink);
  gst_object_unref (pipeline);
  remove_file (script);
}

static gboolean
any_says (GPtrArray * texts, const char *words)
{
  for (guint i = 0; i < texts->len; i++)
    if (strstr (g_ptr_array_index (texts, i), words) != NULL)
      return TRUE;
  return FALSE;
}

static void
test_the_orientation_tag_turns_what_the_model_sees (void)
{
  g_autofree char *clip = g_build_filename (g_getenv ("LLAMA4_DATA_DIR"), "demo.mp4", NULL);

  for (guint turned = 0; turned < 2; turned++) {
    g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
    g_autofree char *launch = g_strdup_printf ("filesrc location=%s ! decodebin ! taginject tags=image-orientation=rotate-%u ! "
        "llama4describe ! fakesink sync=false", clip, turned * 180);
    g_autofree char *problem = run (launch, texts, 60);

    g_assert_null (problem);
    g_assert_true (any_says (texts, turned ? "A red circle moves left" : "A red circle moves right"));
  }
}

static void
test_two_elements_describe_at_once (void)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *problem = run ("videotestsrc pattern=red num-buffers=80 ! video/x-raw,framerate=10/1,width=320,height=240 ! "
      "llama4describe ! fakesink  videotestsrc pattern=smpte num-buffers=80 ! video/x-raw,framerate=10/1,width=320,height=240 ! "
      "llama4describe ! fakesink", texts, 60);

  g_assert_null (problem);
  g_assert_cmpuint (texts->len, ==, 4);
  g_assert_true (any_says (texts, "plain red"));
  g_assert_true (any_says (texts, "SMPTE"));
}

static void
test_mapped_weights_say_the_same (void)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *problem = run ("videotestsrc pattern=snow num-buffers=40 ! video/x-raw,framerate=10/1,width=320,height=240 ! "
      "llama4describe load=map ! fakesink", texts, 60);

  g_assert_null (problem);
  g_assert_cmpuint (texts->len, ==, 1);
  g_assert_true (any_says (texts, "snow"));
}

static void
test_the_size_may_change_in_mid_stream (void)
{
  char *script = write_script ("{\"text\":\"Seen.\"}");
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *launch = g_strdup_printf ("concat name=c ! llama4describe model-path=%s ! fakesink "
      "videotestsrc num-buffers=30 ! video/x-raw,framerate=10/1,width=320,height=240,format=I420 ! c. "
      "videotestsrc num-buffers=90 ! video/x-raw,framerate=30/1,width=1,height=1,format=RGB ! c. "
      "videotestsrc num-buffers=30 ! video/x-raw,framerate=10/1,width=16384,height=1,format=NV12 ! c.", script);
  g_autofree char *problem = run (launch, texts, 60);

  g_assert_null (problem);
  g_assert_cmpuint (texts->len, >=, 3);
  remove_file (script);
}

/* What a damaged stream does to the decoder is the decoder's business; nothing of it is an error of ours. */
static void
test_damaged_video_is_described_as_far_as_it_goes (void)
{
  char *script = write_script ("{\"text\":\"Seen.\"}"), *file = encode ("ball", 6, "width=160,height=120", "mp4mux", ".mp4");

  for (guint seed = 1; seed <= 20; seed++) {
    g_autofree char *launch = g_strdup_printf ("filesrc location=%s ! qtdemux ! h264parse ! breakmydata seed=%u probability=%s ! "
        "avdec_h264 max-threads=1 ! llama4describe model-path=%s name=d ! fakesink sync=false d.text_src ! fakesink sync=false", file, seed,
        seed % 2 ? "0.0005" : "0.01", script);
    g_autofree char *problem = run (launch, NULL, 60);

    g_test_message ("%u: %s", seed, problem != NULL ? problem : "played");
    g_assert_true (problem == NULL || strstr (problem, "llama4") == NULL);
  }
  remove_file (script);
  remove_file (file);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pipeline/embedded-model-tells-the-patterns", test_embedded_model_tells_the_patterns);
  g_test_add_func ("/pipeline/embedded-model-answers-in-the-language-asked-for", test_embedded_model_answers_in_the_language_asked_for);
  g_test_add_func ("/pipeline/pruned-pictures-are-shown-once", test_pruned_pictures_are_shown_once);
  g_test_add_func ("/pipeline/subtitles-are-muxed-with-the-untouched-video", test_subtitles_are_muxed_with_the_untouched_video);
  g_test_add_func ("/pipeline/tags-in-an-answer-are-text-in-subrip", test_tags_in_an_answer_are_text_in_subrip);
  g_test_add_func ("/pipeline/textoverlay-does-not-wait-for-ever", test_textoverlay_does_not_wait_for_ever);
  g_test_add_func ("/pipeline/text-that-is-shown-much-later-is-muxed", test_text_that_is_shown_much_later_is_muxed);
  g_test_add_func ("/pipeline/a-missing-model-is-one-clear-error", test_a_missing_model_is_one_clear_error);
  g_test_add_func ("/pipeline/a-memory-limit-too-small-is-one-clear-error", test_a_memory_limit_too_small_is_one_clear_error);
  g_test_add_func ("/pipeline/progress-is-closed-by-complete-or-cancelled", test_progress_is_closed_by_complete_or_cancelled);
  g_test_add_func ("/pipeline/states-can-be-cycled", test_states_can_be_cycled);
  g_test_add_func ("/pipeline/seeking-describes-from-the-new-place", test_seeking_describes_from_the_new_place);
  g_test_add_func ("/pipeline/every-description-is-one-cue-whatever-it-says", test_every_description_is_one_cue_whatever_it_says);
  g_test_add_func ("/pipeline/the-meta-survives-conversion-and-coding", test_the_meta_survives_conversion_and_coding);
  g_test_add_func ("/pipeline/the-orientation-tag-turns-what-the-model-sees", test_the_orientation_tag_turns_what_the_model_sees);
  g_test_add_func ("/pipeline/two-elements-describe-at-once", test_two_elements_describe_at_once);
  g_test_add_func ("/pipeline/mapped-weights-say-the-same", test_mapped_weights_say_the_same);
  g_test_add_func ("/pipeline/the-size-may-change-in-mid-stream", test_the_size_may_change_in_mid_stream);
  g_test_add_func ("/pipeline/damaged-video-is-described-as-far-as-it-goes", test_damaged_video_is_described_as_far_as_it_goes);
  return g_test_run ();
}
