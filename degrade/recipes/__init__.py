"""The published recipes, by name."""

from degrade.recipe import Recipe, check_recipe
from degrade.recipes.bicubic import BD_X3, DN_X3, bicubic, classical, srmd, usrnet
from degrade.recipes.bsrgan import bsrgan, bsrgan_plus
from degrade.recipes.camera import SIDD_LIKE, UNPROCESS
from degrade.recipes.gaussian import GAUSSIAN_BLIND, GAUSSIAN_BLIND_50, gaussian
from degrade.recipes.lens import DEFOCUS, DUAL_PIXEL
from degrade.recipes.lowlight import AGLLNET, MBLLEN
from degrade.recipes.old_photo import OLD_PHOTO
from degrade.recipes.realesrgan import realesrgan
from degrade.recipes.weather import RAIN

RECIPES: dict[str, Recipe] = {
    recipe.name: check_recipe(recipe)
    for recipe in (
        *(bicubic(scale) for scale in (2, 3, 4, 8)),
        *(gaussian(level) for level in (15, 25, 50)),
        GAUSSIAN_BLIND,
        GAUSSIAN_BLIND_50,
        srmd(4, name="srmd"),
        *(srmd(scale, name=f"srmd-x{scale}") for scale in (2, 3)),
        usrnet(4, name="usrnet"),
        *(usrnet(scale, name=f"usrnet-x{scale}") for scale in (1, 2, 3)),
        *(bsrgan(scale) for scale in (2, 4)),
        *(bsrgan_plus(scale) for scale in (2, 4)),
        *(realesrgan(scale) for scale in (2, 4)),
        *(classical(scale) for scale in (2, 3, 4)),
        BD_X3,
        DN_X3,
        OLD_PHOTO,
        UNPROCESS,
        SIDD_LIKE,
        AGLLNET,
        MBLLEN,
        RAIN,
        DEFOCUS,
        DUAL_PIXEL,
    )
}
