/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever a detector says, what is told of objects is sane. */

#include <math.h>
#include <string.h>

#include "analytics.h"

static gint
any_number (GRand * random)
{
  static const gint odd[] = { G_MININT, G_MAXINT, -1, 0, 1, 31, 32, 1000000 };

  return g_rand_boolean (random) ? g_rand_int_range (random, -40, 80) : odd[g_rand_int_range (random, 0, G_N_ELEMENTS (odd))];
}

static Detected
anything (GRand * random)
{
  static const char *const labels[] = { NULL, "person", "\xff\xfe", "<|begin_of_text|>{label}{start}", "\n\033[31m", "" };
  static const float confidences[] = { 0.5, -1, 7, NAN, INFINITY, -INFINITY };

  return (Detected) { g_rand_int_range (random, 0, 40), labels[g_rand_int_range (random, 0, G_N_ELEMENTS (labels))], any_number (random),
    any_number (random), any_number (random), any_number (random), confidences[g_rand_int_range (random, 0, G_N_ELEMENTS (confidences))],
    g_rand_int_range (random, 0, 4)
  };
}

/* Within the picture, and sure or not. */
static void
assert_sane (const GValue * objects)
{
  g_assert_cmpuint (gst_value_array_get_size (objects), <=, 8);
  for (guint i = 0; i < gst_value_array_get_size (objects); i++) {
    const GstStructure *object = gst_value_get_structure (gst_value_array_get_value (objects, i));
    double confidence, x, y, width, height;

    g_assert_true (gst_structure_get (object, "confidence", G_TYPE_DOUBLE, &confidence, "x", G_TYPE_DOUBLE, &x, "y", G_TYPE_DOUBLE, &y, "width",
            G_TYPE_DOUBLE, &width, "height", G_TYPE_DOUBLE, &height, NULL));
    g_assert_true (confidence >= 0 && confidence <= 1);
    g_assert_true (x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= 1 + 1e-9 && y + height <= 1 + 1e-9);
    g_assert_true (g_utf8_validate (gst_structure_get_string (object, "label"), -1, NULL));
  }
}

/* A crowd of it, tracked or not, turned or not. */
static void
test_whatever_is_detected_boxes_are_in_the_picture (void)
{
  GRand *random = g_rand_new_with_seed (4);

  for (guint round = 0; round < 4; round++) {
    guint n = 0;
    Fixture self;

    analytics_set_up (&self, 0, ANALYTICS_LINES, "objects", "8", "object-time", "0", "window", "500000000", "mask", round % 2 ? "0.3,0.3,0.2,0.2" : "", NULL);
    if (round >= 2)
      gst_harness_push_event (self.video, gst_event_new_tag (gst_tag_list_new (GST_TAG_IMAGE_ORIENTATION, "rotate-270", NULL)));
    for (guint i = 0; i < 100; i++) {
      Detected detected[200];

      for (guint j = 0; j < G_N_ELEMENTS (detected); j++) {
        detected[j] = anything (random);
        if (round == 0)
          detected[j].tracking = UNTRACKED;
      }
      analytics_push (&self, i * FRAME, (i + 1) * FRAME, detected, i % 10 == 9 ? 0 : g_rand_int_range (random, 1, G_N_ELEMENTS (detected)));
    }
    push_eos (&self);
    for (;;) {
      g_autoptr (GstMessage) message = gst_bus_pop_filtered (self.bus, GST_MESSAGE_ELEMENT);

      if (message == NULL)
        break;
      if (!gst_structure_has_field (gst_message_get_structure (message), "objects"))
        continue;
      assert_sane (gst_structure_get_value (gst_message_get_structure (message), "objects"));
      g_assert_nonnull (strstr (gst_structure_get_string (gst_message_get_structure (message), "json"), "\"objects\":[{\"id\":"));
      n++;
    }
    g_assert_cmpuint (n, >, 0);
    g_assert_cmpuint (get_stat (&self, "described"), ==, 20);
    g_assert_cmpuint (get_stat (&self, "failed"), ==, 0);
    tear_down (&self);
  }
  g_rand_free (random);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"whatever-is-detected-boxes-are-in-the-picture", test_whatever_is_detected_boxes_are_in_the_picture},
  };

  return run_tests (argc, argv, "objects-hostile", tests, G_N_ELEMENTS (tests));
}
