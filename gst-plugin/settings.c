/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties of llama4describe. */

#include "gettext.h"
#include "gstllama4describe.h"

enum
{
  PROP_0,
  PROP_MODEL_PATH,
  PROP_PROJECTOR_PATH,
  PROP_LOAD,
  PROP_VISION_TYPE,
  PROP_PROMPT,
  PROP_SYSTEM_PROMPT,
  PROP_LANGUAGE,
  PROP_WINDOW,
  PROP_OVERLAP,
  PROP_FROM,
  PROP_FRAMES,
  PROP_TILES,
  PROP_CUTS,
  PROP_PICTURES,
  PROP_MAX_TOKENS,
  PROP_TEMPERATURE,
  PROP_TOP_P,
  PROP_SEED,
  PROP_KV_TYPE,
  PROP_ON_BUSY,
  PROP_LATENESS,
  PROP_LATENCY,
  PROP_THREADS,
  PROP_MEMORY_LIMIT,
  PROP_LICENCE_NOTICE,
  PROP_DESCRIPTION,
  PROP_STATS
};

#define DEFAULT_PROMPT "Describe what happens in this video."
#define DEFAULT_WINDOW (4 * GST_SECOND)
#define DEFAULT_FRAMES 4
#define MAX_FRAMES 64
#define DEFAULT_TILES 1
#define MAX_TILES 16
#define DEFAULT_MAX_TOKENS 100
#define MAX_MAX_TOKENS 65536
#define MAX_TEMPERATURE 100.0

#define GST_TYPE_LLAMA4_ON_BUSY (gst_llama4_on_busy_get_type ())
static GType
gst_llama4_on_busy_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    {GST_LLAMA4_ON_BUSY_AUTO, "Skip when upstream is live, wait otherwise", "auto"},
    {GST_LLAMA4_ON_BUSY_WAIT, "Never lose a window: hold up the video", "wait"},
    {GST_LLAMA4_ON_BUSY_SKIP, "Never hold up the video: lose windows", "skip"},
    {0, NULL, NULL}
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstLlama4OnBusy", values));
  return type;
}

#define GST_TYPE_LLAMA4_LOAD (gst_llama4_load_get_type ())
static GType
gst_llama4_load_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    {GST_LLAMA4_LOAD_READ, "Read the weights into memory", "read"},
    {GST_LLAMA4_LOAD_MAP, "Map the file: for models larger than memory; it must not change meanwhile", "map"},
    {0, NULL, NULL}
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstLlama4Load", values));
  return type;
}

#define GST_TYPE_LLAMA4_NUMBERS (gst_llama4_numbers_get_type ())
static GType
gst_llama4_numbers_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    {GST_LLAMA4_BF16, "As the model has them", "bf16"},
    {GST_LLAMA4_INT8, "As 8-bit integers: half the memory, less exact", "int8"},
    {0, NULL, NULL}
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstLlama4Numbers", values));
  return type;
}

void
gst_llama4_settings_init (GstLlama4Settings * self)
{
  *self = (GstLlama4Settings) {
    .prompt = g_strdup (DEFAULT_PROMPT),
    .window = DEFAULT_WINDOW,
    .from = GST_CLOCK_TIME_NONE,
    .frames = DEFAULT_FRAMES,
    .tiles = DEFAULT_TILES,
    .max_tokens = DEFAULT_MAX_TOKENS,
    .top_p = 1,
    .on_busy = GST_LLAMA4_ON_BUSY_AUTO,
  };
}

void
gst_llama4_settings_clear (GstLlama4Settings * self)
{
  g_clear_pointer (&self->model_path, g_free);
  g_clear_pointer (&self->projector_path, g_free);
  g_clear_pointer (&self->prompt, g_free);
  g_clear_pointer (&self->system_prompt, g_free);
  g_clear_pointer (&self->language, g_free);
}

void
gst_llama4_describe_copy_settings (GstLlama4Describe * self, GstLlama4Settings * copy)
{
  GST_OBJECT_LOCK (self);
  *copy = self->settings;
  copy->model_path = g_strdup (copy->model_path);
  copy->projector_path = g_strdup (copy->projector_path);
  copy->prompt = g_strdup (copy->prompt);
  copy->system_prompt = g_strdup (copy->system_prompt);
  copy->language = g_strdup (copy->language);
  GST_OBJECT_UNLOCK (self);
}

static void
set_string (char **place, const GValue * value)
{
  g_free (*place);
  *place = g_value_dup_string (value);
}

static void
set_property (GObject * object, guint id, const GValue * value, GParamSpec * pspec)
{
  GstLlama4Describe *self = GST_LLAMA4_DESCRIBE (object);
  GstLlama4Settings *settings = &self->settings;

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_MODEL_PATH:
      set_string (&settings->model_path, value);
      break;
    case PROP_PROJECTOR_PATH:
      set_string (&settings->projector_path, value);
      break;
    case PROP_LOAD:
      settings->load = g_value_get_enum (value);
      break;
    case PROP_VISION_TYPE:
      settings->vision_type = g_value_get_enum (value);
      break;
    case PROP_PROMPT:
      set_string (&settings->prompt, value);
      if (settings->prompt == NULL)
        settings->prompt = g_strdup (DEFAULT_PROMPT);
      break;
    case PROP_SYSTEM_PROMPT:
      set_string (&settings->system_prompt, value);
      break;
    case PROP_LANGUAGE:
      set_string (&settings->language, value);
      break;
    case PROP_WINDOW:
      settings->window = g_value_get_uint64 (value);
      break;
    case PROP_OVERLAP:
      settings->overlap = g_value_get_uint64 (value);
      break;
    case PROP_FROM:
      settings->from = g_value_get_uint64 (value);
      break;
    case PROP_FRAMES:
      settings->frames = g_value_get_uint (value);
      break;
    case PROP_TILES:
      settings->tiles = g_value_get_uint (value);
      break;
    case PROP_CUTS:
      settings->cuts = g_value_get_boolean (value);
      break;
    case PROP_PICTURES:
      settings->pictures = g_value_get_boolean (value);
      break;
    case PROP_MAX_TOKENS:
      settings->max_tokens = g_value_get_uint (value);
      break;
    case PROP_TEMPERATURE:
      settings->temperature = g_value_get_double (value);
      break;
    case PROP_TOP_P:
      settings->top_p = g_value_get_double (value);
      break;
    case PROP_SEED:
      settings->seed = g_value_get_uint64 (value);
      break;
    case PROP_KV_TYPE:
      settings->kv_type = g_value_get_enum (value);
      break;
    case PROP_ON_BUSY:
      settings->on_busy = g_value_get_enum (value);
      break;
    case PROP_LATENESS:
      settings->lateness = g_value_get_uint64 (value);
      break;
    case PROP_LATENCY:
      settings->latency = g_value_get_uint64 (value);
      break;
    case PROP_THREADS:
      settings->threads = g_value_get_uint (value);
      break;
    case PROP_MEMORY_LIMIT:
      settings->memory_limit = g_value_get_uint64 (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
  if (id == PROP_LATENCY)
    gst_element_post_message (GST_ELEMENT (self), gst_message_new_latency (GST_OBJECT (self)));
}

/* n in that time, a second; 0 when it took none. */
static double
rate (double n, gint64 us)
{
  return us > 0 ? n * G_USEC_PER_SEC / us : 0;
}

static GstStructure *
make_stats (const GstLlama4Stats * stats)
{
  return gst_structure_new ("llama4-stats",
      "described", G_TYPE_UINT64, stats->described, "skipped", G_TYPE_UINT64, stats->skipped,
      "failed", G_TYPE_UINT64, stats->failed, "prompt-tokens", G_TYPE_UINT64, stats->prompt_tokens,
      "generated-tokens", G_TYPE_UINT64, stats->generated_tokens, "queue-ms", G_TYPE_DOUBLE, stats->queue_us / 1000.0,
      "vision-ms", G_TYPE_DOUBLE, stats->vision_us / 1000.0, "prefill-ms", G_TYPE_DOUBLE, stats->prefill_us / 1000.0,
      "decode-ms", G_TYPE_DOUBLE, stats->decode_us / 1000.0,
      "prompt-tokens-per-second", G_TYPE_DOUBLE, rate (stats->prompt_tokens - stats->reused_tokens, stats->prefill_us),
      "generated-tokens-per-second", G_TYPE_DOUBLE, rate (stats->generated_tokens, stats->decode_us),
      "fraction-of-limit", G_TYPE_DOUBLE, stats->limited_us > 0 ? (double) stats->limit_us / stats->limited_us : 0.0,
      "forecast-ms", G_TYPE_DOUBLE, stats->forecast * 1000, NULL);
}

static void
get_property (GObject * object, guint id, GValue * value, GParamSpec * pspec)
{
  GstLlama4Describe *self = GST_LLAMA4_DESCRIBE (object);
  const GstLlama4Settings *settings = &self->settings;

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_MODEL_PATH:
      g_value_set_string (value, settings->model_path);
      break;
    case PROP_PROJECTOR_PATH:
      g_value_set_string (value, settings->projector_path);
      break;
    case PROP_LOAD:
      g_value_set_enum (value, settings->load);
      break;
    case PROP_VISION_TYPE:
      g_value_set_enum (value, settings->vision_type);
      break;
    case PROP_PROMPT:
      g_value_set_string (value, settings->prompt);
      break;
    case PROP_SYSTEM_PROMPT:
      g_value_set_string (value, settings->system_prompt);
      break;
    case PROP_LANGUAGE:
      g_value_set_string (value, settings->language);
      break;
    case PROP_WINDOW:
      g_value_set_uint64 (value, settings->window);
      break;
    case PROP_OVERLAP:
      g_value_set_uint64 (value, settings->overlap);
      break;
    case PROP_FROM:
      g_value_set_uint64 (value, settings->from);
      break;
    case PROP_FRAMES:
      g_value_set_uint (value, settings->frames);
      break;
    case PROP_TILES:
      g_value_set_uint (value, settings->tiles);
      break;
    case PROP_CUTS:
      g_value_set_boolean (value, settings->cuts);
      break;
    case PROP_PICTURES:
      g_value_set_boolean (value, settings->pictures);
      break;
    case PROP_MAX_TOKENS:
      g_value_set_uint (value, settings->max_tokens);
      break;
    case PROP_TEMPERATURE:
      g_value_set_double (value, settings->temperature);
      break;
    case PROP_TOP_P:
      g_value_set_double (value, settings->top_p);
      break;
    case PROP_SEED:
      g_value_set_uint64 (value, settings->seed);
      break;
    case PROP_KV_TYPE:
      g_value_set_enum (value, settings->kv_type);
      break;
    case PROP_ON_BUSY:
      g_value_set_enum (value, settings->on_busy);
      break;
    case PROP_LATENESS:
      g_value_set_uint64 (value, settings->lateness);
      break;
    case PROP_LATENCY:
      g_value_set_uint64 (value, settings->latency);
      break;
    case PROP_THREADS:
      g_value_set_uint (value, settings->threads);
      break;
    case PROP_MEMORY_LIMIT:
      g_value_set_uint64 (value, settings->memory_limit);
      break;
    case PROP_LICENCE_NOTICE:
      g_value_set_string (value, self->licence_notice);
      break;
    case PROP_DESCRIPTION:
      g_value_set_string (value, self->description);
      break;
    case PROP_STATS:
      g_value_take_boxed (value, make_stats (&self->stats));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

#define READY (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define PLAYING (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)
#define READ_ONLY (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static void
install_model_properties (GObjectClass * klass)
{
  g_object_class_install_property (klass, PROP_MODEL_PATH,
      g_param_spec_string ("model-path", _("Model path"),
          _("Hugging Face folder or GGUF file; unset: the embedded model; a file *.script: answers read from it"), NULL, READY));
  g_object_class_install_property (klass, PROP_PROJECTOR_PATH,
      g_param_spec_string ("projector-path", _("Projector path"),
          _("Vision part of a model that keeps it in a file of its own; unset: found beside the model"), NULL, READY));
  g_object_class_install_property (klass, PROP_LOAD,
      g_param_spec_enum ("load", _("Load"), _("How the weights come into memory"), GST_TYPE_LLAMA4_LOAD, GST_LLAMA4_LOAD_READ,
          READY));
  g_object_class_install_property (klass, PROP_VISION_TYPE,
      g_param_spec_enum ("vision-type", _("Type of the vision part"), _("How the vision part's weights are kept"),
          GST_TYPE_LLAMA4_NUMBERS, GST_LLAMA4_BF16, READY));
  g_object_class_install_property (klass, PROP_THREADS,
      g_param_spec_uint ("threads", _("Threads"), _("Threads that compute; 0: one for every CPU"), 0, L4_MAX_THREADS, 0, READY));
  g_object_class_install_property (klass, PROP_MEMORY_LIMIT,
      g_param_spec_uint64 ("memory-limit", _("Memory limit"),
          _("Bytes that weights and caches may take; 0: what the machine has free"), 0, G_MAXUINT64, 0, READY));
}

static void
install_prompt_properties (GObjectClass * klass)
{
  g_object_class_install_property (klass, PROP_PROMPT,
      g_param_spec_string ("prompt", _("Prompt"),
          _("Question about every window; {start} {end} {timestamps} {frames} are filled in"), DEFAULT_PROMPT, PLAYING));
  g_object_class_install_property (klass, PROP_SYSTEM_PROMPT,
      g_param_spec_string ("system-prompt", _("System prompt"), _("Instruction before the question; unset: none"), NULL,
          PLAYING));
  g_object_class_install_property (klass, PROP_LANGUAGE,
      g_param_spec_string ("language", _("Language"), _("Language to answer in, such as German; unset: the model's choice"),
          NULL, PLAYING));
  g_object_class_install_property (klass, PROP_MAX_TOKENS,
      g_param_spec_uint ("max-tokens", _("Most tokens"), _("Longest description, in tokens"), 1, MAX_MAX_TOKENS,
          DEFAULT_MAX_TOKENS, PLAYING));
  g_object_class_install_property (klass, PROP_TEMPERATURE,
      g_param_spec_double ("temperature", _("Temperature"), _("Randomness of the words; 0: always the likeliest"), 0,
          MAX_TEMPERATURE, 0, PLAYING));
  g_object_class_install_property (klass, PROP_TOP_P,
      g_param_spec_double ("top-p", _("Top p"), _("Choose among the likeliest words that together have this probability"), 0,
          1, 1, PLAYING));
  g_object_class_install_property (klass, PROP_SEED,
      g_param_spec_uint64 ("seed", _("Seed"), _("Start of the random numbers"), 0, G_MAXUINT64, 0, PLAYING));
  g_object_class_install_property (klass, PROP_KV_TYPE,
      g_param_spec_enum ("kv-type", _("Type of keys and values"), _("How keys and values are kept"), GST_TYPE_LLAMA4_NUMBERS,
          GST_LLAMA4_BF16, PLAYING));
}

static void
install_time_properties (GObjectClass * klass)
{
  g_object_class_install_property (klass, PROP_WINDOW,
      g_param_spec_uint64 ("window", _("Window"), _("Time covered by one description, in nanoseconds"), GST_MSECOND,
          G_MAXINT64, DEFAULT_WINDOW, READY));
  g_object_class_install_property (klass, PROP_OVERLAP,
      g_param_spec_uint64 ("overlap", _("Overlap"), _("Time that a window shares with the next, in nanoseconds; less than "
              "window"), 0, G_MAXINT64, 0, READY));
  g_object_class_install_property (klass, PROP_FROM,
      g_param_spec_uint64 ("from", _("From"), _("Stream time at which the first window begins and before which nothing is described, in "
              "nanoseconds; the largest number: at the first picture"), 0, G_MAXUINT64, GST_CLOCK_TIME_NONE, READY));
  g_object_class_install_property (klass, PROP_FRAMES,
      g_param_spec_uint ("frames", _("Frames"), _("Pictures shown of every window, evenly spread"), 1, MAX_FRAMES,
          DEFAULT_FRAMES, READY));
  g_object_class_install_property (klass, PROP_TILES,
      g_param_spec_uint ("tiles", _("Tiles"), _("Most tiles that a picture is split into"), 1, MAX_TILES, DEFAULT_TILES,
          PLAYING));
  g_object_class_install_property (klass, PROP_CUTS,
      g_param_spec_boolean ("cuts", _("Cuts"), _("Let windows begin anew at hard cuts; none gets shorter than half a second thereby"),
          FALSE, READY));
  g_object_class_install_property (klass, PROP_PICTURES,
      g_param_spec_boolean ("pictures", _("Pictures"), _("Put a picture of the middle of the window, of those shown, into messages"), FALSE,
          PLAYING));
  g_object_class_install_property (klass, PROP_ON_BUSY,
      g_param_spec_enum ("on-busy", _("When busy"), _("What to do with a window that comes while another is described"),
          GST_TYPE_LLAMA4_ON_BUSY, GST_LLAMA4_ON_BUSY_AUTO, READY));
  g_object_class_install_property (klass, PROP_LATENESS,
      g_param_spec_uint64 ("lateness", _("Lateness"), _("Shift of the text against the video, in nanoseconds"), 0, G_MAXINT64,
          0, READY));
  g_object_class_install_property (klass, PROP_LATENCY,
      g_param_spec_uint64 ("latency", _("Latency"), _("Latency declared for the text, in nanoseconds"), 0, G_MAXINT64, 0,
          PLAYING));
}

void
gst_llama4_describe_install_properties (GObjectClass * klass)
{
  klass->set_property = set_property;
  klass->get_property = get_property;
  install_model_properties (klass);
  install_prompt_properties (klass);
  install_time_properties (klass);
  g_object_class_install_property (klass, PROP_LICENCE_NOTICE,
      g_param_spec_string ("licence-notice", _("Licence notice"), _("The terms of the weights in memory; unset: none to tell"),
          NULL, READ_ONLY));
  g_object_class_install_property (klass, PROP_DESCRIPTION,
      g_param_spec_string ("description", _("Description"), _("The latest description"), NULL, READ_ONLY));
  g_object_class_install_property (klass, PROP_STATS,
      g_param_spec_boxed ("stats", _("Statistics"), _("Windows described, skipped, failed; tokens; milliseconds of each stage; "
              "tokens/s of prompts (those not held from the window before) and of generation; fraction (0 … 1) of the speed that the "
              "machine's memory and arithmetic allow, 0 while unknown; milliseconds that the latest window was forecast to take"),
          GST_TYPE_STRUCTURE, READ_ONLY));
  gst_type_mark_as_plugin_api (GST_TYPE_LLAMA4_ON_BUSY, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_LLAMA4_LOAD, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_LLAMA4_NUMBERS, 0);
}
