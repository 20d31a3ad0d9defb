/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties of llama4describe. */

#include "gettext.h"
#include "gstllama4describe.h"

#define DEFAULT_PROMPT "Describe what happens in this video."
#define DEFAULT_OBJECT_PROMPT "Describe this {label} in one sentence."

/* A type whose values are told by a sentence each, as gst-inspect-1.0 shows it. */
#define DEFINE_CHOICE(get_type, name, ...) \
  static GType get_type (void) \
  { \
    static gsize type = 0; \
    static const GEnumValue values[] = { __VA_ARGS__, {0, NULL, NULL} }; \
    if (g_once_init_enter (&type)) \
      g_once_init_leave (&type, g_enum_register_static (name, values)); \
    return type; \
  }

DEFINE_CHOICE (gst_llama4_on_busy_get_type, "GstLlama4OnBusy",
    {GST_LLAMA4_ON_BUSY_AUTO, "Skip when upstream is live, wait otherwise", "auto"},
    {GST_LLAMA4_ON_BUSY_WAIT, "Never lose a window: hold up the video", "wait"},
    {GST_LLAMA4_ON_BUSY_SKIP, "Never hold up the video: lose windows", "skip"})

DEFINE_CHOICE (gst_llama4_when_get_type, "GstLlama4When",
    {GST_LLAMA4_WHEN_ALWAYS, "Every window", "always"},
    {GST_LLAMA4_WHEN_CHANGE, "Windows that show something else than the one described last", "change"},
    {GST_LLAMA4_WHEN_MOTION, "Windows that begin when something moves, with the second before, and end when it is quiet", "motion"})

DEFINE_CHOICE (gst_llama4_pick_get_type, "GstLlama4Pick",
    {GST_LLAMA4_PICK_EVEN, "Evenly spread", "even"},
    {GST_LLAMA4_PICK_CHANGE, "Those that differ most from each other", "change"},
    {GST_LLAMA4_PICK_SHARP, "The sharpest near each evenly spread place", "sharp"})

DEFINE_CHOICE (gst_llama4_repeat_get_type, "GstLlama4Repeat",
    {GST_LLAMA4_REPEAT_EXTEND, "The same text again", "extend"},
    {GST_LLAMA4_REPEAT_GAP, "Nothing", "gap"})

DEFINE_CHOICE (gst_llama4_load_get_type, "GstLlama4Load",
    {GST_LLAMA4_LOAD_AUTO, "Read the weights if they fit into memory, else stream experts", "auto"},
    {GST_LLAMA4_LOAD_READ, "Read the weights into memory", "read"},
    {GST_LLAMA4_LOAD_MAP, "Map the file: for models larger than memory; it must not change meanwhile", "map"},
    {GST_LLAMA4_LOAD_STREAM, "Read routed experts from the file when they are needed: for models larger than memory", "stream"})

DEFINE_CHOICE (gst_llama4_numbers_get_type, "GstLlama4Numbers",
    {GST_LLAMA4_BF16, "As the model has them", "bf16"},
    {GST_LLAMA4_INT8, "As 8-bit integers: half the memory, less exact", "int8"})

/* The table --------------------------------------------------------------------------------------------------------------- */

typedef enum
{
  TEXT,                         /* char *, owned */
  FLAG,                         /* gboolean */
  CHOICE,                       /* an enumeration */
  COUNT,                        /* guint */
  LONG,                         /* guint64 */
  NUMBER                        /* double, with limits that are whole */
} Kind;

/* A property that is a field of the settings. */
typedef struct
{
  const char *name, *nick, *blurb;
  GParamFlags changes;          /* until when */
  gsize field;                  /* offset in GstLlama4Settings */
  Kind kind;
  guint64 least, most, initial;
  GType (*type) (void);         /* CHOICE */
  const char *text;             /* TEXT: what unset means, or NULL */
} Property;

#define READY GST_PARAM_MUTABLE_READY
#define PLAYING GST_PARAM_MUTABLE_PLAYING
#define FIELD(name) G_STRUCT_OFFSET (GstLlama4Settings, name)

static const Property properties[] = {
  {"model-path", N_("Model path"),
        N_("Hugging Face folder or GGUF file; unset: the embedded model; a file *.script: answers read from it"), READY, FIELD (model_path),
      TEXT},
  {"projector-path", N_("Projector path"),
        N_("Vision part of a model that keeps it in a file of its own; unset: found beside the model"), READY, FIELD (projector_path), TEXT},
  {"load", N_("Load"), N_("How the weights come into memory"), READY, FIELD (load), CHOICE, 0, 0, GST_LLAMA4_LOAD_AUTO,
      gst_llama4_load_get_type},
  {"vision-type", N_("Type of the vision part"), N_("How the vision part's weights are kept"), READY, FIELD (vision_type), CHOICE, 0, 0,
      GST_LLAMA4_BF16, gst_llama4_numbers_get_type},
  {"threads", N_("Threads"), N_("Threads that compute; 0: one for every CPU"), READY, FIELD (threads), COUNT, 0, L4_MAX_THREADS, 0},
  {"memory-limit", N_("Memory limit"), N_("Bytes that weights and caches may take; 0: what the machine has free"), READY,
      FIELD (memory_limit), LONG, 0, G_MAXUINT64, 0},

  {"prompt", N_("Prompt"), N_("Question about every window; {start} {end} {timestamps} {frames} {schema} are filled in"), PLAYING, FIELD (prompt),
      TEXT, 0, 0, 0, NULL, DEFAULT_PROMPT},
  {"system-prompt", N_("System prompt"), N_("Instruction before the question; unset: none"), PLAYING, FIELD (system_prompt), TEXT},
  {"language", N_("Language"), N_("Language to answer in, such as German; unset: the model's choice"), PLAYING, FIELD (language), TEXT},
  {"schema", N_("Schema"), N_("JSON Schema, or the name of a file that holds one: what is said is JSON that it allows; unset: free text"), PLAYING,
      FIELD (schema), TEXT},
  {"questions", N_("Questions"), N_("Questions about every window that are answered by yes or no, one a line or between semicolons: how likely "
            "yes is stands in records and messages"), PLAYING, FIELD (questions), TEXT},
  {"max-tokens", N_("Most tokens"), N_("Longest description, in tokens"), PLAYING, FIELD (max_tokens), COUNT, 1, 65536, 100},
  {"temperature", N_("Temperature"), N_("Randomness of the words; 0: always the likeliest"), PLAYING, FIELD (temperature), NUMBER, 0, 100, 0},
  {"top-p", N_("Top p"), N_("Choose among the likeliest words that together have this probability"), PLAYING, FIELD (top_p), NUMBER, 0, 1, 1},
  {"seed", N_("Seed"), N_("Start of the random numbers"), PLAYING, FIELD (seed), LONG, 0, G_MAXUINT64, 0},
  {"kv-type", N_("Type of keys and values"), N_("How keys and values are kept"), PLAYING, FIELD (kv_type), CHOICE, 0, 0, GST_LLAMA4_BF16,
      gst_llama4_numbers_get_type},

  {"window", N_("Window"), N_("Time covered by one description, in nanoseconds"), READY, FIELD (window), LONG, GST_MSECOND, G_MAXINT64,
      4 * GST_SECOND},
  {"overlap", N_("Overlap"), N_("Time that a window shares with the next, in nanoseconds; less than window"), READY, FIELD (overlap), LONG, 0,
      G_MAXINT64, 0},
  {"from", N_("From"), N_("Stream time at which the first window begins and before which nothing is described, in nanoseconds; the largest "
            "number: at the first picture"), READY, FIELD (from), LONG, 0, G_MAXUINT64, GST_CLOCK_TIME_NONE},
  {"frames", N_("Frames"), N_("Pictures shown of every window"), READY, FIELD (frames), COUNT, 1, 64, 4},
  {"pick", N_("Pick"), N_("Which pictures of a window are shown"), READY, FIELD (pick), CHOICE, 0, 0, GST_LLAMA4_PICK_EVEN,
      gst_llama4_pick_get_type},
  {"region", N_("Region"), N_("Parts of the picture that alone are watched and shown: x,y,width,height in fractions of it, several between "
            "semicolons; unset: all"), READY, FIELD (region), TEXT},
  {"mask", N_("Mask"), N_("Parts of the picture that are black before anything is kept, written as region is"), READY, FIELD (mask), TEXT},
  {"tiles", N_("Tiles"), N_("Most tiles that a picture is split into"), PLAYING, FIELD (tiles), COUNT, 1, 16, 1},
  {"prune", N_("Prune"), N_("Leave out parts of a picture that look as in the one that showed them last, up to a mean difference of this share of "
            "full scale in each sixteenth of a part; 0: show all"), PLAYING, FIELD (prune), NUMBER, 0, 1, 0},
  {"when", N_("When"), N_("Which windows are described"), READY, FIELD (when), CHOICE, 0, 0, GST_LLAMA4_WHEN_ALWAYS,
      gst_llama4_when_get_type},
  {"repeat", N_("Repeat"), N_("What is said of windows left out because they show what the one described last does"), PLAYING, FIELD (repeat),
      CHOICE, 0, 0, GST_LLAMA4_REPEAT_EXTEND, gst_llama4_repeat_get_type},
  {"cuts", N_("Cuts"), N_("Let windows begin anew at hard cuts; none gets shorter than half a second thereby"), READY, FIELD (cuts), FLAG},
  {"pictures", N_("Pictures"), N_("Put a picture of the middle of the window, of those shown, into messages"), PLAYING, FIELD (pictures), FLAG},
  {"partial", N_("Partial"), N_("Post messages with the text so far while it is made, five a second at most"), PLAYING, FIELD (partial), FLAG},
  {"objects", N_("Objects"), N_("Objects, of those that GstAnalytics metadata on the video tells of, that are described by themselves with a window, the "
            "surest first, each once; 0: none"), READY, FIELD (objects), COUNT, 0, 64, 0},
  {"object-time", N_("Time of objects"), N_("For how many nanoseconds an object must have been seen to be described"), READY, FIELD (object_time),
      LONG, 0, G_MAXINT64, GST_SECOND},
  {"object-prompt", N_("Prompt about objects"), N_("Question about every object, of which a picture is shown; {label}, what it was detected as, is "
            "filled in"), PLAYING, FIELD (object_prompt), TEXT, 0, 0, 0, NULL, DEFAULT_OBJECT_PROMPT},
  {"memory", N_("Memory"), N_("Windows whose texts the model is told with the next one, with their times"), PLAYING, FIELD (memory), COUNT, 0,
      GST_LLAMA4_MEMORY_MOST, 0},
  {"summary", N_("Summary"), N_("Every so many nanoseconds of video a message and a record sum up what was said since; 0: none"), PLAYING,
      FIELD (summary), LONG, 0, G_MAXINT64, 0},
  {"on-busy", N_("When busy"), N_("What to do with a window that comes while another is described"), READY, FIELD (on_busy), CHOICE, 0, 0,
      GST_LLAMA4_ON_BUSY_AUTO, gst_llama4_on_busy_get_type},
  {"ahead", N_("Ahead"), N_("Windows that may be described at once where the video waits for them; what is said comes in order all the same, "
            "and each takes memory of its own"), READY, FIELD (ahead), COUNT, 1, 64, 1},
  {"lateness", N_("Lateness"), N_("Shift of the text against the video, in nanoseconds"), READY, FIELD (lateness), LONG, 0, G_MAXINT64, 0},
  {"latency", N_("Latency"), N_("Latency declared for the text, in nanoseconds"), PLAYING, FIELD (latency), LONG, 0, G_MAXINT64, 0},
};

#define N_PROPERTIES G_N_ELEMENTS (properties)

/* Numbers of properties: those of the table from 1 on, then what the element says of itself. */
enum
{
  PROP_LICENCE_NOTICE = N_PROPERTIES + 1,
  PROP_DESCRIPTION,
  PROP_STATS
};

/* (transfer floating) */
static GParamSpec *
make_spec (const Property * property)
{
  const char *name = property->name, *nick = _(property->nick), *blurb = _(property->blurb);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | property->changes;

  switch (property->kind) {
    case TEXT:
      return g_param_spec_string (name, nick, blurb, property->text, flags);
    case FLAG:
      return g_param_spec_boolean (name, nick, blurb, property->initial, flags);
    case CHOICE:
      return g_param_spec_enum (name, nick, blurb, property->type (), property->initial, flags);
    case COUNT:
      return g_param_spec_uint (name, nick, blurb, property->least, property->most, property->initial, flags);
    case LONG:
      return g_param_spec_uint64 (name, nick, blurb, property->least, property->most, property->initial, flags);
    default:
      return g_param_spec_double (name, nick, blurb, property->least, property->most, property->initial, flags);
  }
}

static void
set_field (GstLlama4Settings * settings, const Property * property, const GValue * value)
{
  gpointer field = G_STRUCT_MEMBER_P (settings, property->field);

  switch (property->kind) {
    case TEXT:
      g_free (*(char **) field);
      *(char **) field = g_value_get_string (value) != NULL ? g_value_dup_string (value) : g_strdup (property->text);
      break;
    case FLAG:
      *(gboolean *) field = g_value_get_boolean (value);
      break;
    case CHOICE:
      *(gint *) field = g_value_get_enum (value);
      break;
    case COUNT:
      *(guint *) field = g_value_get_uint (value);
      break;
    case LONG:
      *(guint64 *) field = g_value_get_uint64 (value);
      break;
    case NUMBER:
      *(double *) field = g_value_get_double (value);
      break;
  }
}

static void
get_field (const GstLlama4Settings * settings, const Property * property, GValue * value)
{
  gconstpointer field = G_STRUCT_MEMBER_P (settings, property->field);

  switch (property->kind) {
    case TEXT:
      g_value_set_string (value, *(char *const *) field);
      break;
    case FLAG:
      g_value_set_boolean (value, *(const gboolean *) field);
      break;
    case CHOICE:
      g_value_set_enum (value, *(const gint *) field);
      break;
    case COUNT:
      g_value_set_uint (value, *(const guint *) field);
      break;
    case LONG:
      g_value_set_uint64 (value, *(const guint64 *) field);
      break;
    case NUMBER:
      g_value_set_double (value, *(const double *) field);
      break;
  }
}

/* All ---------------------------------------------------------------------------------------------------------------------- */

void
gst_llama4_settings_init (GstLlama4Settings * self)
{
  *self = (GstLlama4Settings) { 0 };
  for (guint i = 0; i < N_PROPERTIES; i++) {
    GParamSpec *spec = g_param_spec_ref_sink (make_spec (&properties[i]));

    set_field (self, &properties[i], g_param_spec_get_default_value (spec));
    g_param_spec_unref (spec);
  }
}

void
gst_llama4_settings_clear (GstLlama4Settings * self)
{
  for (guint i = 0; i < N_PROPERTIES; i++)
    if (properties[i].kind == TEXT)
      g_clear_pointer ((char **) G_STRUCT_MEMBER_P (self, properties[i].field), g_free);
  g_clear_pointer (&self->schema_text, g_free);
}

void
gst_llama4_describe_copy_settings (GstLlama4Describe * self, GstLlama4Settings * copy)
{
  GST_OBJECT_LOCK (self);
  *copy = self->settings;
  for (guint i = 0; i < N_PROPERTIES; i++)
    if (properties[i].kind == TEXT) {
      char **text = (char **) G_STRUCT_MEMBER_P (copy, properties[i].field);

      *text = g_strdup (*text);
    }
  copy->schema_text = g_strdup (copy->schema_text);
  GST_OBJECT_UNLOCK (self);
}

static void
set_property (GObject * object, guint id, const GValue * value, GParamSpec * pspec)
{
  GstLlama4Describe *self = GST_LLAMA4_DESCRIBE (object);

  if (id > N_PROPERTIES) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    return;
  }
  GST_OBJECT_LOCK (self);
  set_field (&self->settings, &properties[id - 1], value);
  self->lost = self->scene_start;       /* the next window may be described otherwise */
  GST_OBJECT_UNLOCK (self);
  if (properties[id - 1].field == FIELD (latency))
    gst_element_post_message (GST_ELEMENT (self), gst_message_new_latency (GST_OBJECT (self)));
  else if (properties[id - 1].field == FIELD (schema) && GST_STATE (self) > GST_STATE_READY)
    gst_llama4_schema_take (self);      /* before, it is read with the next stream */
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
      "described", G_TYPE_UINT64, stats->described, "unchanged", G_TYPE_UINT64, stats->unchanged, "skipped", G_TYPE_UINT64, stats->skipped,
      "failed", G_TYPE_UINT64, stats->failed, "objects", G_TYPE_UINT64, stats->objects, "objects-missed", G_TYPE_UINT64, stats->objects_missed,
      "prompt-tokens", G_TYPE_UINT64, stats->prompt_tokens,
      "pruned-tokens", G_TYPE_UINT64, stats->pruned_tokens,
      "generated-tokens", G_TYPE_UINT64, stats->generated_tokens, "queue-ms", G_TYPE_DOUBLE, stats->queue_us / 1000.0,
      "vision-ms", G_TYPE_DOUBLE, stats->vision_us / 1000.0, "prefill-ms", G_TYPE_DOUBLE, stats->prefill_us / 1000.0,
      "decode-ms", G_TYPE_DOUBLE, stats->decode_us / 1000.0,
      "prompt-tokens-per-second", G_TYPE_DOUBLE, rate (stats->prompt_tokens - stats->reused_tokens, stats->prefill_us),
      "generated-tokens-per-second", G_TYPE_DOUBLE, rate (stats->generated_tokens, stats->decode_us),
      "fraction-of-limit", G_TYPE_DOUBLE, stats->limited_us > 0 ? (double) stats->limit_us / stats->limited_us : 0.0,
      "forecast-ms", G_TYPE_DOUBLE, stats->forecast * 1000,
      "batch", G_TYPE_DOUBLE, stats->steps > 0 ? (double) stats->steps_together / stats->steps : 0.0,
      "batch-most", G_TYPE_UINT, stats->most_together, NULL);
}

static void
get_property (GObject * object, guint id, GValue * value, GParamSpec * pspec)
{
  GstLlama4Describe *self = GST_LLAMA4_DESCRIBE (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_LICENCE_NOTICE)
    g_value_set_string (value, self->licence_notice);
  else if (id == PROP_DESCRIPTION)
    g_value_set_string (value, self->description);
  else if (id == PROP_STATS)
    g_value_take_boxed (value, make_stats (&self->stats));
  else if (id <= N_PROPERTIES)
    get_field (&self->settings, &properties[id - 1], value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

#define READ_ONLY (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

void
gst_llama4_describe_install_properties (GObjectClass * klass)
{
  klass->set_property = set_property;
  klass->get_property = get_property;
  for (guint i = 0; i < N_PROPERTIES; i++) {
    g_object_class_install_property (klass, i + 1, make_spec (&properties[i]));
    if (properties[i].kind == CHOICE)
      gst_type_mark_as_plugin_api (properties[i].type (), 0);
  }
  g_object_class_install_property (klass, PROP_LICENCE_NOTICE,
      g_param_spec_string ("licence-notice", _("Licence notice"), _("The terms of the weights in memory; unset: none to tell"),
          NULL, READ_ONLY));
  g_object_class_install_property (klass, PROP_DESCRIPTION,
      g_param_spec_string ("description", _("Description"), _("The latest description"), NULL, READ_ONLY));
  g_object_class_install_property (klass, PROP_STATS,
      g_param_spec_boxed ("stats", _("Statistics"), _("Windows described, unchanged and left out, skipped, failed; objects described, and those "
              "seen long enough that were gone before (objects-missed); tokens; milliseconds of each stage; "
              "tokens/s of prompts (those not held from the window before) and of generation; fraction (0 … 1) of the speed that the "
              "machine's memory and arithmetic allow, 0 while unknown; milliseconds that the latest window was forecast to take; conversations, of all who share the model, that "
              "took a step of generation together: on average (batch) and at most (batch-most), 0 before the first"),
          GST_TYPE_STRUCTURE, READ_ONLY));
}
